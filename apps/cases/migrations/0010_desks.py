"""What makes a desk quick: answer templates, saved searches; the reception day at which a case was heard."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from apps.record.events import append_only


class Migration(migrations.Migration):

    dependencies = [
        ('cases', '0009_online'),
        ('deputies', '0008_reception'),
        ('organisations', '0003_competence'),
        ('record', '0005_messages'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='case',
            name='reception',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='cases', to='deputies.receptionday', verbose_name='接待日'),
        ),
        migrations.CreateModel(
            name='AnswerTemplate',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('answer', '答复'), ('note', '转交、交办、退回的说明')], default='answer', max_length=8, verbose_name='用在')),
                ('title', models.CharField(max_length=30, verbose_name='名称')),
                ('text', models.TextField(max_length=1000, verbose_name='内容')),
                ('scope', models.CharField(blank=True, max_length=12, verbose_name='管辖区划')),
                ('retired', models.BooleanField(default=False, verbose_name='停用')),
                ('organisation', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organisations.organisation', verbose_name='单位')),
                ('owner', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='所有人')),
            ],
            options={
                'verbose_name': '答复模板',
                'verbose_name_plural': '答复模板',
                'ordering': ['kind', 'title', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='AnswerTemplateEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('verb', models.CharField(max_length=40, verbose_name='动作')),
                ('actor_label', models.CharField(blank=True, max_length=80, verbose_name='操作人称谓')),
                ('note', models.TextField(blank=True, verbose_name='说明')),
                ('at', models.DateTimeField(verbose_name='时间')),
                ('data', models.JSONField(default=dict, verbose_name='详情')),
                ('previous_hash', models.CharField(max_length=64)),
                ('hash', models.CharField(max_length=64)),
                ('actor', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='操作人')),
                ('subject', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='events', to='cases.answertemplate', verbose_name='答复模板')),
            ],
            options={
                'verbose_name': '答复模板经过',
                'verbose_name_plural': '答复模板经过',
                'ordering': ['pk'],
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='SavedFilter',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=20, verbose_name='名称')),
                ('query', models.CharField(max_length=600, verbose_name='条件')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='用户')),
            ],
            options={
                'verbose_name': '常用筛选',
                'verbose_name_plural': '常用筛选',
                'ordering': ['pk'],
            },
        ),
        migrations.AddConstraint(
            model_name='answertemplate',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('organisation__isnull', True), ('owner__isnull', False), ('scope', '')), models.Q(('organisation__isnull', False), ('owner__isnull', True), ('scope', '')), models.Q(('organisation__isnull', True), ('owner__isnull', True), models.Q(('scope', ''), _negated=True)), _connector='OR'), name='cases_template_of_somebody'),
        ),
        migrations.AddConstraint(
            model_name='answertemplateevent',
            constraint=models.UniqueConstraint(fields=('subject', 'previous_hash'), name='cases_answertemplateevent_no_fork'),
        ),
        migrations.AddConstraint(
            model_name='savedfilter',
            constraint=models.UniqueConstraint(fields=('user', 'name'), name='cases_savedfilter_once'),
        ),
        migrations.CreateModel(
            name='AnswerPhoto',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('round', models.PositiveSmallIntegerField(default=0, verbose_name='第几次办理')),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='answer_photos', to='cases.case', verbose_name='民情件')),
                ('photo', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='record.photo', verbose_name='照片')),
            ],
            options={
                'verbose_name': '答复照片',
                'verbose_name_plural': '答复照片',
                'ordering': ['pk'],
            },
        ),
        append_only('cases_answertemplateevent'),
    ]
