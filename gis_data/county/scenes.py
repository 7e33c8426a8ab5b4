"""Pictures for the demonstration: a street as it was reported, and as it is once it has been put right. Drawn, and marked as drawn."""

import io
import random

from PIL import Image, ImageDraw

SIZE = (960, 720)
ROADS = ("#6f747b", "#7d7f83", "#676c70")
WALLS = ("#d9cbb3", "#c9d3d6", "#e2d6c8", "#cfd8c8")
KINDS = ("hole", "lamp", "rubbish", "water")


def drawn(seed: str, *, mended: bool = False) -> bytes:
    """A JPEG. seed: the same street every time; mended: without what was wrong there."""
    dice = random.Random(f"scene {seed}")
    picture = Image.new("RGB", SIZE, "#bcd3e6" if dice.random() < 0.7 else "#c9ced4")
    draw = ImageDraw.Draw(picture)
    width, height = SIZE
    horizon = height * dice.randint(46, 54) // 100
    at = -dice.randint(0, 80)
    while at < width:  # houses along the street
        wide, tall = dice.randint(130, 230), dice.randint(120, 260)
        draw.rectangle((at, horizon - tall, at + wide, horizon), fill=dice.choice(WALLS), outline="#9a938a")
        for row in range(horizon - tall + 24, horizon - 40, 58):
            for column in range(at + 20, at + wide - 30, 52):
                draw.rectangle((column, row, column + 26, row + 32), fill="#7c93a6")
        at += wide + dice.randint(6, 30)
    draw.polygon([(0, height), (width, height), (width, horizon + 60), (0, horizon + 60)], fill="#a9b39a")
    draw.polygon([(width * 0.08, height), (width * 0.92, height), (width * 0.58, horizon), (width * 0.42, horizon)], fill=dice.choice(ROADS))
    for step in range(6):  # the line in the middle, nearer ones longer
        top = horizon + (height - horizon) * (step / 6) ** 1.6
        draw.line((width / 2, top, width / 2, top + 6 + step * 9), fill="#e9e4d2", width=2 + step)
    _matter(draw, dice, horizon, mended=mended)
    draw.rectangle((0, height - 34, 190, height), fill="#1f2933")
    draw.text((12, height - 28), "DEMO", fill="#ffffff", font_size=20)
    content = io.BytesIO()
    picture.save(content, "JPEG", quality=80)
    return content.getvalue()


def _matter(draw: ImageDraw.ImageDraw, dice: random.Random, horizon: int, *, mended: bool) -> None:
    """What is wrong there, or that it is not any more."""
    kind, (width, height) = dice.choice(KINDS), SIZE
    x, y = width * dice.randint(38, 58) // 100, height - dice.randint(110, 180)
    if kind == "hole":
        draw.ellipse((x - 90, y - 26, x + 90, y + 34), fill="#4a4d50" if mended else "#3a332b", outline=None if mended else "#857a68", width=6)
    elif kind == "lamp":
        draw.line((width * 0.2, height - 150, width * 0.2, horizon - 150), fill="#4b5560", width=10)
        draw.line((width * 0.2, horizon - 150, width * 0.29, horizon - 168), fill="#4b5560", width=8)
        draw.ellipse((width * 0.28, horizon - 178, width * 0.28 + 46, horizon - 156), fill="#fff2b0" if mended else "#2c3138")
    elif kind == "rubbish" and not mended:
        for _ in range(16):
            left, top = x + dice.randint(150, 300), y + dice.randint(-40, 60)
            draw.ellipse((left, top, left + dice.randint(24, 60), top + dice.randint(18, 40)), fill=dice.choice(("#35404a", "#6d5a45", "#8c8f92", "#4a5f4c")))
    elif kind == "water" and not mended:
        draw.ellipse((x - 200, y - 30, x + 170, y + 70), fill="#8aa0ad", outline="#9fb4c0", width=4)
