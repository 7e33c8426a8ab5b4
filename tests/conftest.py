"""What every test may use. Tests run on real PostGIS; the public pages' tests run as the role `geo_public`."""
