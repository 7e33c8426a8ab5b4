"""Nearby calls, whose rows nobody changes."""

import django.contrib.gis.db.models.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from apps.record.events import append_only


class Migration(migrations.Migration):
    dependencies = [
        ("supervision", "0006_findings"),
        ("deputies", "0005_codes"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.CreateModel(
            name='NearbyCall',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(auto_now_add=True, verbose_name='联络时间')),
                ('place', models.CharField(max_length=120, verbose_name='地点')),
                ('point', django.contrib.gis.db.models.fields.PointField(srid=4326, verbose_name='位置')),
                ('text', models.CharField(max_length=300, verbose_name='事由')),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='联络人')),
                ('deputies', models.ManyToManyField(related_name='nearby_calls', to='deputies.deputy', verbose_name='代表')),
            ],
            options={
                'verbose_name': '就近联络',
                'verbose_name_plural': '就近联络',
                'ordering': ['-pk'],
            },
        ),
        append_only("supervision_nearbycall"),
    ]
