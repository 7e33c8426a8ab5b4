import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('cases', '0003_indexes_and_checks'),
    ]

    operations = [
        migrations.AddField(
            model_name='case',
            name='accuracy_m',
            field=models.FloatField(blank=True, help_text='空：门牌的位置，或在地图上标的', null=True, verbose_name='定位误差（米）'),
        ),
        migrations.AddField(
            model_name='case',
            name='datum',
            field=models.CharField(blank=True, default='', help_text='空：WGS 84，未换算', max_length=8, verbose_name='换算前的坐标系'),
        ),
        migrations.AddField(
            model_name='case',
            name='scanned',
            field=models.CharField(blank=True, default='', help_text='自编码，或 发码单位/编号', max_length=120, verbose_name='所扫的码'),
        ),
        # Rows that other programs write by SQL need not know these columns. Not db_default: Django would read them back on INSERT,
        # and the public role may not.
        migrations.RunSQL(
            "ALTER TABLE cases_case ALTER COLUMN datum SET DEFAULT '', ALTER COLUMN scanned SET DEFAULT ''",
            "ALTER TABLE cases_case ALTER COLUMN datum DROP DEFAULT, ALTER COLUMN scanned DROP DEFAULT",
        ),
        migrations.CreateModel(
            name='BorderAnswer',
            fields=[
                ('case', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='border_answer', serialize=False, to='cases.case', verbose_name='民情件')),
                ('reply', models.CharField(choices=[('chosen', '选了'), ('unsure', '不清楚'), ('silent', '没有回答')], max_length=8, verbose_name='回答')),
                ('offered', models.JSONField(help_text='由近到远；每项有 codes、name、metres，0 米的是位置所在的', verbose_name='可选的选区')),
                ('chosen', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='选了第几项')),
                ('margin_m', models.FloatField(verbose_name='离边界（米）')),
            ],
            options={
                'verbose_name': '选区确认',
                'verbose_name_plural': '选区确认',
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('chosen__isnull', False), ('reply', 'chosen')), models.Q(models.Q(('reply', 'chosen'), _negated=True), ('chosen__isnull', True)), _connector='OR'), name='cases_borderanswer_chosen')],
            },
        ),
    ]
