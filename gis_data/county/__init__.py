"""The synthetic demo county, grown from a seed: every layer of `gis_data.layers`, in files that `import_layer` takes in.

Run `python -m gis_data.county OUT`. The order of growth is the order of the modules: plan (what is to be grown), outline,
relief, streets, mesh (cells that become grids, villages, towns and the county, so that borders are shared exactly),
areas, doorplates, organisations, districts, stations, deputies, projects, progress, cases. Same seed, same rows; no clock.
"""
