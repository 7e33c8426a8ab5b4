from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('territory', '0006_issuer_hung'),
    ]

    operations = [
        migrations.CreateModel(
            name='CountyLattice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('county', models.CharField(max_length=12, unique=True, verbose_name='县级区划代码')),
                ('lon0', models.FloatField(verbose_name='起点经度')),
                ('lat0', models.FloatField(verbose_name='起点纬度')),
                ('metres', models.FloatField(verbose_name='格边长（米）')),
            ],
            options={
                'verbose_name': '县域格网',
                'verbose_name_plural': '县域格网',
            },
        ),
    ]
