"""What comes with a report: photos, and who said that it belongs here though its words pointed elsewhere."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0006_clocks"),
        ("record", "0005_messages"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ReportPhoto',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='photos', to='cases.case', verbose_name='民情件')),
                ('joiner', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='photos', to='cases.joiner', verbose_name='共同反映人')),
                ('photo', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='record.photo', verbose_name='照片')),
            ],
            options={
                'verbose_name': '反映照片',
                'verbose_name_plural': '反映照片',
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='Overruled',
            fields=[
                ('case', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='overruled', serialize=False, to='cases.case', verbose_name='民情件')),
                ('kind', models.CharField(choices=[('fire', '火情、险情'), ('medical', '有人受伤、发病'), ('police', '正在发生的危险'), ('crime', '违法犯罪线索'), ('discipline', '干部违纪违法'), ('court', '诉讼案件'), ('tender', '招标投标'), ('secret', '涉密内容'), ('hotline', '12345 正在办理的')], max_length=12, verbose_name='像是哪一类')),
                ('found', models.CharField(max_length=80, verbose_name='依据的字句')),
                ('reason', models.CharField(blank=True, default='', max_length=200, verbose_name='理由')),
                ('at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='时间')),
                ('by', models.ForeignKey(blank=True, help_text='空：反映人自己', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='谁定的')),
            ],
            options={
                'verbose_name': '照常受理',
                'verbose_name_plural': '照常受理',
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('by', None), ('reason', '')), models.Q(('by__isnull', False), models.Q(('reason', ''), _negated=True)), _connector='OR'), name='cases_overruled_reason')],
            },
        ),
    ]
