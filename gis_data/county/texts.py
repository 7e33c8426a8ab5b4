"""What residents write and what they are answered: templates filled with places, spoken in different voices, with slips."""

import re

import numpy as np

from gis_data.county.content import material

BLANK = re.compile(r"\{(\w+)\}")
FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")
ASKS = 0.3  # of the texts end with a question or a wish
SHORT, DETAILED = 0.12, 0.42


class Writer:
    """Fills templates. A place is the words for road, number, estate and village; what it lacks, a template must not ask for."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.categories = {item["code"]: item for item in material("categories")}
        voices = material("voices")
        self.style, self.asks = voices["style"], voices["asks"]
        self.replies = material("replies")

    def one(self, pool: list) -> str:
        return str(pool[int(self.rng.integers(len(pool)))])

    def template(self, category: str, place: dict[str, str], but: int = -1) -> int:
        """A template whose blanks the place can fill, other than `but`."""
        templates = self.categories[category]["templates"]
        others = [i for i in range(len(templates)) if i != but]
        fit = [i for i in others if set(BLANK.findall(templates[i])) <= {*place, "days"}] or others
        return fit[int(self.rng.integers(len(fit)))]

    def write(self, category: str, template: int, place: dict[str, str]) -> str:
        """The text of one case."""
        noise = self.style["noise"]
        known = {"road": "门口这条路", "number": "1", "estate": "我们小区", "village": "我们村", "days": str(self.days()), **place}
        body = self._filled(self.categories[category]["templates"][template], known)
        if self.rng.random() < noise["一条说两三件事"]:
            other = self.template(category, place, template)
            body += "另外，" + self._filled(self.categories[category]["templates"][other], known)
        draw = self.rng.random()
        if draw < SHORT:  # some say only the half of it
            body = re.split("[，。；]", body)[0] + "。"
        while draw > 1 - DETAILED and len(body) < 300:
            body += self.one(self.style["details"])
            draw = self.rng.random()
        if self.rng.random() < ASKS:
            body += self.one(self.asks)
        opener = self.one(self.style["openers"]).replace("{village}", known["village"])
        return self._slipped(opener + body + self.one(self.style["closers"]))

    def empty(self) -> str:
        """A text that says nothing and has to be asked about."""
        return self.one(self.style["empty"])

    def days(self) -> int:
        """How long it has been going on: mostly days, sometimes months."""
        return int(np.clip(self.rng.lognormal(2.3, 0.8), 3, 90))

    def answer(self, category: str, template: int, by: str, place: dict[str, str], poor: bool) -> str:
        """An answer by a deputy or a unit that fits the template; `poor`: one that says nothing."""
        fitting = [item["text"] for item in self.replies["by_category"][category][by] if template in item["for"]]
        pool = self.replies["brushed_off"] if poor else fitting if fitting and self.rng.random() < 0.85 else self.replies["any"][by]
        known = {"road": "该路段", "number": "附近", "estate": "该小区", "village": "该村", "days": str(int(self.rng.integers(3, 15))), **place}
        return self._filled(self.one(pool), known)

    def _filled(self, text: str, known: dict[str, str]) -> str:
        return BLANK.sub(lambda blank: known[blank.group(1)], text)

    def _slipped(self, text: str) -> str:
        """Run-on sentences, words misheard by the phone, full-width digits: each as often as the material says."""
        noise = self.style["noise"]
        if self.rng.random() < noise["无标点长句"]:
            text = re.sub("[，。；、]", "", text[:-1]) + text[-1]
        if self.rng.random() < noise["语音转写同音字"] + noise["错别字"]:
            right, wrong = next(((a, b) for a, b in self.style["homophones"] if a in text), ("", ""))
            text = text.replace(right, wrong, 1) if right else text
        if self.rng.random() < noise["全角数字"]:
            text = text.translate(FULL_WIDTH)
        return text
