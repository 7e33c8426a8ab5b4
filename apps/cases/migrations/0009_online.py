"""代表—政府部门在线 and 公开答复: messages that nobody can change, and answers that a person settled for everybody to read."""

import django.contrib.postgres.indexes
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from apps.record.events import append_only


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0008_taxonomy"),
        ("record", "0004_photos"),
        ("territory", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Publication',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('state', models.CharField(choices=[('draft', '待确认'), ('published', '已公开'), ('withdrawn', '已撤回')], default='draft', max_length=10, verbose_name='状态')),
                ('title', models.CharField(max_length=60, verbose_name='标题')),
                ('question', models.TextField(max_length=3000, verbose_name='反映的问题')),
                ('answer', models.TextField(max_length=3000, verbose_name='答复')),
                ('show_village', models.BooleanField(default=True, verbose_name='公开村社')),
                ('source', models.CharField(help_text='据以整理的问题和答复的 SHA-256：原文变了就要重新整理', max_length=64, verbose_name='原文摘要')),
                ('version', models.PositiveIntegerField(default=1, verbose_name='版本')),
                ('edited_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='整理时间')),
                ('confirmed_at', models.DateTimeField(blank=True, null=True, verbose_name='确认时间')),
                ('reason', models.CharField(blank=True, max_length=300, verbose_name='撤回原因')),
                ('case', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='publication', to='cases.case', verbose_name='民情件')),
                ('confirmed_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='确认人')),
                ('edited_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='整理人')),
            ],
            options={
                'verbose_name': '答复公开稿',
                'verbose_name_plural': '答复公开稿',
                'ordering': ['-edited_at', '-pk'],
            },
        ),
        migrations.CreateModel(
            name='AnswersPage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('is_open', models.BooleanField(default=False, verbose_name='已开通')),
            ],
            options={
                'verbose_name': '公开答复页',
                'verbose_name_plural': '公开答复页',
                'constraints': [models.CheckConstraint(condition=models.Q(('pk', 1)), name='cases_answerspage_one')],
            },
        ),
        migrations.CreateModel(
            name='CaseMessage',
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
                ('subject', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='messages', to='cases.case', verbose_name='民情件')),
            ],
            options={
                'verbose_name': '往来消息',
                'verbose_name_plural': '往来消息',
                'ordering': ['pk'],
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='MessagePhoto',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('message', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='photos', to='cases.casemessage', verbose_name='往来消息')),
                ('photo', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='record.photo', verbose_name='照片')),
            ],
            options={
                'verbose_name': '往来照片',
                'verbose_name_plural': '往来照片',
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='PublishedAnswer',
            fields=[
                ('publication', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='published', serialize=False, to='cases.publication', verbose_name='答复公开稿')),
                ('title', models.CharField(max_length=60, verbose_name='标题')),
                ('question', models.TextField(max_length=3000, verbose_name='反映的问题')),
                ('answer', models.TextField(max_length=3000, verbose_name='答复')),
                ('answered_by', models.CharField(max_length=120, verbose_name='答复人')),
                ('asked_on', models.DateField(verbose_name='反映日期')),
                ('answered_on', models.DateField(verbose_name='答复日期')),
                ('published_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='公开时间')),
            ],
            options={
                'verbose_name': '公开答复',
                'verbose_name_plural': '公开答复',
                'ordering': ['-published_at', '-pk'],
            },
        ),
        migrations.CreateModel(
            name='ThreadReading',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('read_upto', models.BigIntegerField(verbose_name='读到')),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='cases.case', verbose_name='民情件')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='用户')),
            ],
            options={
                'verbose_name': '往来已读',
                'verbose_name_plural': '往来已读',
            },
        ),
        migrations.CreateModel(
            name='AnswersPageEvent',
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
                ('subject', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='events', to='cases.answerspage', verbose_name='公开答复页')),
            ],
            options={
                'verbose_name': '公开答复页经过',
                'verbose_name_plural': '公开答复页经过',
                'ordering': ['pk'],
                'abstract': False,
                'constraints': [models.UniqueConstraint(fields=('subject', 'previous_hash'), name='cases_answerspageevent_no_fork')],
            },
        ),
        migrations.AddIndex(
            model_name='casemessage',
            index=models.Index(fields=['subject', '-id'], name='cases_message_newest'),
        ),
        migrations.AddConstraint(
            model_name='casemessage',
            constraint=models.UniqueConstraint(fields=('subject', 'previous_hash'), name='cases_casemessage_no_fork'),
        ),
        migrations.AddConstraint(
            model_name='messagephoto',
            constraint=models.UniqueConstraint(fields=('message', 'photo'), name='cases_messagephoto_once'),
        ),
        migrations.AddField(
            model_name='publishedanswer',
            name='category',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cases.category', verbose_name='类别'),
        ),
        migrations.AddField(
            model_name='publishedanswer',
            name='town',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='territory.adminarea', verbose_name='乡镇街道'),
        ),
        migrations.AddField(
            model_name='publishedanswer',
            name='village',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='territory.adminarea', verbose_name='村社'),
        ),
        migrations.AddIndex(
            model_name='publication',
            index=models.Index(fields=['state', '-edited_at'], name='cases_publication_state'),
        ),
        migrations.AddConstraint(
            model_name='publication',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'published'), _negated=True), models.Q(('confirmed_at__isnull', False), ('confirmed_by__isnull', False)), _connector='OR'), name='cases_publication_confirmed'),
        ),
        migrations.AddConstraint(
            model_name='publication',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'withdrawn'), _negated=True), models.Q(('reason', ''), _negated=True), _connector='OR'), name='cases_publication_reason'),
        ),
        migrations.AddConstraint(
            model_name='threadreading',
            constraint=models.UniqueConstraint(models.F('case'), models.F('user'), name='cases_threadreading_once'),
        ),
        migrations.AddIndex(
            model_name='publishedanswer',
            index=models.Index(fields=['-published_at', '-publication'], name='cases_published_newest'),
        ),
        migrations.AddIndex(
            model_name='publishedanswer',
            index=models.Index(fields=['town', '-published_at'], name='cases_published_town'),
        ),
        migrations.AddIndex(
            model_name='publishedanswer',
            index=models.Index(fields=['category', '-published_at'], name='cases_published_category'),
        ),
        migrations.AddIndex(
            model_name='publishedanswer',
            index=django.contrib.postgres.indexes.GinIndex(fields=['title', 'question', 'answer'], name='cases_published_words', opclasses=['gin_trgm_ops', 'gin_trgm_ops', 'gin_trgm_ops']),
        ),
        append_only("cases_casemessage"),
        append_only("cases_answerspageevent"),
    ]
