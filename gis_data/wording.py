"""How a length is written in Chinese, in one place."""


def metres_text(metres: float) -> str:
    """Whole 米 below a kilometre, 公里 with one decimal from there on; metres >= 0."""
    return f"{metres:.0f} 米" if metres < 999.5 else f"{metres / 1000:.1f} 公里"
