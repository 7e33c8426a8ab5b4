"""GET /insight/data: the numbers behind every map, chart and list of voices, for one question in the address (`filters.read_question`).

`part`, repeated or with commas: which of these, besides caption, total, unlocated and linked_excluded, which are always there. Places are in
the lattice's own numbers: a cell's south-western corner lies at lon0 + col * lon_step, lat0 + row * lat_step, lattice of `size` metres.

    caption           str, the period and filters in words, for print
    total             int; unlocated: int of them without a place; linked_excluded: records left out because they are linked to a case
    period            {first, last, label, before: {first, last, label} | null}
    figures           {total, open, late_open, due, in_time, in_time_share, rated, satisfied, content_share, again, told_for, elder, elder_known}
    regions           [{code, name, parent, count, population, per_1000, low, high, before, ratio, ratio_low, ratio_high, p, q, mark, url, records_url}]
                      every area of the level in scope, 0 included; per_1000, low, high null without population; before … mark only where
                      compared; mark: "more" | "less" | "" (q < 0.05)
    cells             {size, lon0, lat0, lon_step, lat_step, col[], row[], n[], cut}       size may be coarser than asked (caption says so)
    hexes             {size, lon[], lat[], n[], corners: [[dlon, dlat] x 6]}     centres, and the corners round any centre
    density           {west, south, east, north, rows, cols, most, unit: "件/平方公里", data}  data: base64 of uint8, row 0 in the north, 255 = most
    change            {size, …as cells, now[], before[], p[], q[]}      by region it stands in regions
    trend             {step: "day" | "week" | "month", labels[], first[], count[], before[] | null}    first: ISO days the steps begin on
    frames            {step: "week" | "month", labels[], …as cells, frame[]}     cells of each step, for the time slider: frame[i] belongs to col[i] …
    clock             {count: [7][24], unknown: int}
    categories        [{code, label, level, parent, count}]      all three levels, sums upward; code "" for those not sorted
    sources           [{code, label, kind: "case" | "record", count}]
    states            [{code, label, count}]         all, open, late, unsatisfied, closed: each under the other filters
"""
