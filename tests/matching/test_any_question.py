"""Whatever stands in the address: the page, the interface and the report form answer, and say what to do. As the public role."""

import random

from tests.town import at

TEXTS = [
    "", " ", "东溪镇人民路12号", "人民路", "机械厂", "县人大", "\x00", "<script>", "%", "\\", "' OR 1=1 --", "９" * 50, "号" * 99, "\u202e反", "\ud7ff", "🚧", "路" * 101,
    "a" * 5000, "P02", "FACTORY", "D4", "C-01|A-01", "unsure", "|", "gcj02", "bd09", "WGS84", "gps", "map", "2026-03-10", "2097-02-01", "0000-00-00", "1e9", "-1",
    "nan", "inf", "-inf", "1e400", "120.005", "28.005", "120", "28", "0", "180", "90", "-90", "1_000", "１２０", "0x10", "30", "150", "1000000",
]  # fmt: skip
NAMES = ["q", "lat", "lon", "accuracy", "datum", "doorplate", "unit", "on", "side", "via", "code", "to", "recipient", "page"]


def test_every_combination_is_answered(town, settings, as_public, client):
    settings.RATE_LIMIT_TIMES = 0  # so much is asked here that it would be refused
    dice = random.Random(5)
    seen = set()
    for _ in range(300):
        given = {name: dice.choice(TEXTS) for name in dice.sample(NAMES, dice.randint(1, 8))}
        if dice.random() < 0.5:
            point = at(dice.uniform(-0.2, 3.2), dice.uniform(-0.2, 2.2))
            given |= {"lat": f"{point.y:.6f}", "lon": f"{point.x:.6f}"}
        for path in ("/find", "/api/v1/find", "/api/v1/employers", "/report", "/report/place"):
            status = client.get(path, given).status_code
            assert status in (200, 302, 400, 404), (path, given)
            seen.add((path, status))
    assert {("/find", 200), ("/find", 400), ("/find", 404), ("/api/v1/find", 200), ("/report", 404), ("/api/v1/employers", 200)} <= seen
