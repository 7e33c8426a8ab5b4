"""What residents write and what they are answered: templates filled with places, spoken in different voices, with slips."""

import re

import numpy as np

from gis_data.county.content import material

BLANK = re.compile(r"\{(\w+)\}")
FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")


class Writer:
    """Fills templates. `place` gives the words for road, number, estate, village; a template that lacks one is passed over."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.categories = {item["code"]: item for item in material("categories")}
        voices = material("voices")
        self.style = voices["style"]
        self.asks = voices["asks"]
        self.replies = material("replies")["by_category"]
        self.brushed_off = material("replies")["brushed_off"]

    def template(self, category: str, place: dict[str, str], but: int = -1) -> int:
        """A template whose blanks the place can fill, other than `but`."""
        templates = self.categories[category]["templates"]
        fit = [i for i, text in enumerate(templates) if set(BLANK.findall(text)) <= {*place, "days"} and i != but]
        fit = fit or [i for i in range(len(templates)) if i != but]
        return int(fit[int(self.rng.integers(len(fit)))])

    def write(self, category: str, template: int, place: dict[str, str]) -> str:
        """The text of one case."""
        rng, style = self.rng, self.style
        known = {"road": "这条路", "number": "1", "estate": "我们小区", "village": "村里", "days": str(self.days()), **place}
        body = BLANK.sub(lambda blank: known.get(blank.group(1), ""), self.categories[category]["templates"][template])
        if rng.random() < style["noise"]["一条说两三件事"]:
            other = self.template(category, place, template)
            body += "另外" + BLANK.sub(lambda blank: known.get(blank.group(1), ""), self.categories[category]["templates"][other])
        if rng.random() < 0.3:
            body += str(rng.choice(self.categories[category].get("asks", self.asks)))
        opener, closer = (str(rng.choice(style[part])) for part in ("openers", "closers"))
        text = opener.replace("{village}", known["village"]) + body + closer
        return self.slipped(text)

    def days(self) -> int:
        """How long it has been going on: mostly days, sometimes months."""
        return int(np.clip(self.rng.lognormal(2.3, 0.8), 3, 90))

    def slipped(self, text: str) -> str:
        """Run-on sentences, words misheard by the phone, full-width digits: each as often as the material says."""
        rng, noise = self.rng, self.style["noise"]
        if rng.random() < noise["无标点长句"]:
            text = re.sub("[，。；、]", "", text[:-1]) + text[-1]
        if rng.random() < noise["语音转写同音字"] + noise["错别字"]:
            for right, wrong in self.style["homophones"]:
                if right in text:
                    text = text.replace(right, wrong, 1)
                    break
        if rng.random() < noise["全角数字"]:
            text = text.translate(FULL_WIDTH)
        return text

    def answer(self, category: str, by: str, place: dict[str, str], poor: bool) -> str:
        """An answer to a case of this category by a deputy or a unit; `poor`: one that says nothing."""
        rng = self.rng
        pool = self.brushed_off if poor else self.replies[category][by]
        known = {"road": "该路段", "number": "附近", "estate": "该小区", "village": "该村", **place}
        text = str(pool[int(rng.integers(len(pool)))])
        return BLANK.sub(lambda blank: known.get(blank.group(1), str(int(rng.integers(2, 15)))), text)
