"""Names of people in running text, by what stands beside them: no list of people, no model, so every find can be explained.

Behind a form's word and its colon ("姓名：", "名叫") any characters are a given name. Elsewhere each surname is looked at: who or what stands before
it (a relative, 村民, 由, nothing), what follows the one or two characters behind it (a title, an age, a verb, a comma), and whether these are
characters that people are called by and no word. A whole name that was found once is found everywhere in the text.
"""

import re
from collections.abc import Iterable, Iterator

from apps.cases.redaction_lexicon import WORDS
from apps.cases.redaction_name_words import (
    COMPOUND,
    DESCRIPTIONS,
    DOTTED,
    DOUBTFUL,
    FOREIGN,
    GIVEN,
    GIVEN_SELDOM,
    GIVEN_WHOLE,
    HARDLY_WORDS,
    LABELS,
    LEANING,
    NO_NAMES,
    NOT_BEFORE_TITLED,
    NOT_GIVEN,
    ROLES,
    SELDOM,
    SURNAMES,
    TAIL,
    TITLES,
    TWO_CHARACTERS,
)

Found = tuple[int, int, str]

NONE, BY, ROLE, MYSELF, APART = range(
    5
)  # what stands before a surname: other words; 由 or 与; whose name it is; 我是; nothing
FIRST, DOUBTED = frozenset(SURNAMES), frozenset(DOUBTFUL) - frozenset(SURNAMES)
NEVER_GIVEN = frozenset(NOT_GIVEN)
CALLED = frozenset(GIVEN) - frozenset(SELDOM)
CALLED_TITLED = frozenset(GIVEN) - frozenset("的了是在或等公自社政")
NEVER = frozenset(NOT_BEFORE_TITLED)
OFFICES, WHOSE = frozenset(TITLES.split("|")), frozenset((TITLES + "|" + ROLES).split("|"))
_LENGTHS = sorted({len(word) for word in WHOSE}, reverse=True)
_LAST = frozenset(word[-1] for word in WHOSE)
_titles = "|".join(sorted(OFFICES, key=len, reverse=True))


def surname_of(first: frozenset[str]) -> str:
    """A pattern for one of these surnames, or one of two characters. It begins with a set: that is looked for fastest."""
    pairs: dict[str, str] = {}
    for both in COMPOUND.split("|"):
        pairs[both[0]] = pairs.get(both[0], "") + both[1]
    seconds = "|".join(f"(?<={one})[{two}]" for one, two in pairs.items())
    return f"[{''.join(sorted(first | set(pairs)))}](?:{seconds}|(?<![{''.join(sorted(set(pairs) - first))}]))"


_any_surname = f"(?:{COMPOUND}|[{''.join(sorted(set(SURNAMES + DOUBTFUL)))}])"
_letter = rf"[^\W\da-zA-Z_{re.escape(''.join(sorted(set(NOT_GIVEN) - set(GIVEN_SELDOM))))}]"
_foreign = rf"[{FOREIGN}]{{2,7}}(?:[·•.][{FOREIGN}]{{2,8}}|(?<=[{FOREIGN}]{{3}}))"
_any_name = (
    rf"(?:{_any_surname} ?{_letter}(?: ?{_letter})?|[\u4e00-\u9fff]{{2,6}}[·•][\u4e00-\u9fff]{{2,8}}|{_foreign})"
)
_verb = (
    "[是在于与和及同说称系住曾现已将被把对向从因为等女男年身电手以没有不要也就来去请今反还都打拒上答回给]|家[里住的]|夫[妇妻]|父[子女]|一家|两人|承包|表示|投诉|举报|要求|申请|承诺|负责|经营|开[车店的]|收[了取]|"
    "递交|提交|多次|经常|一直|至今|留言|提供|认为|希望|咨询|求助|所有|名下|本人|之间|签|代[为]"
)
_end = rf"(?=[\s，,。.、；;：:！!？?（(）)“”\"'…〔【\]\-—/]|$|{_verb})"

SURNAME = re.compile(surname_of(FIRST | DOUBTED))
FOREIGN_LABELLED = re.compile(rf"(?:{LABELS})[:：]?({_foreign})")
LABELLED = re.compile(rf"(?:{LABELS})(?:姓名)?(?:[ ]?[:：，,][ ]?(?:是|为)?|是|为|叫|系)[ ]?({_any_name}){_end}")
NAMED = re.compile(
    rf"(?:(?:我|他|她|本人|名字|大名|儿子|女儿|孩子|老公|老婆|丈夫|妻子|父亲|母亲|对方|此人|一个|有个|那个|司机|老板|村民|男子|女子|的人|的)(?:的?名字)?(?:就?叫)|名叫|叫做|名为|本名|真名|实名|姓名)({_any_name}){_end}"
)
SIGNED = re.compile(
    rf"(?<=[\s。！!；;：:])({_any_name})(?=敬上|敬启|谨启|呈上|叩首|拜上|书于|[ ]{{0,6}}(?:\d{{4}}[年.\-/]\d|二[〇○零])|\s*$|\s*\n\s*\d{{4}}[年.\-/])"
)
FOREIGNER = re.compile(rf"[{FOREIGN}{DOTTED}]{{2,7}}[·•][{FOREIGN}{DOTTED}]{{2,8}}")
TITLE = re.compile(rf"(?:{_titles})(?![期远大久年])")
TITLE_OF = re.compile(rf"某{{0,2}}(?:{_titles})(?![期远大久处年会]|家[居具装])")
DESCRIBED = re.compile(rf"[，,（( 、:：]{{1,2}}(?:{DESCRIPTIONS})")
COUNTED = re.compile(
    r"等[\d一二三四五六七八九十几多数]+[人名位户]|名下|夫[妇妻]|一家|家[的里住养装漏门阳院安搭违]|的(?:女儿|儿子|父亲|母亲|丈夫|妻子|家属|孩子|名字)"
)
SPOKEN = re.compile(
    r"[\s，,。、；;：:（(）)！!]|$|反映|来电|来信|来访|称|表示|投诉|举报|说|已[经报]|至今|多次|的[家房父母儿女电车]|不[退肯同给让接]|没有?|也[可说有来去在不]|拒|欠|收[了取]|要求|答复|回[复电应]|态度|上门|承诺|骗|打[了人]|敬[上启]|贪[污了]|[霸强侵私]占|占[地用]|跑了|失联|拖欠|克扣|挪用|辱骂|殴打|违[法规建]|受贿|驾[驶车]|酒[后驾]|1[3-9]\d\d|0\d{2,3}-|上小?学|去世|住院|身份证"
)
PREDICATE = re.compile("承诺|要求|答复|态度|表示|投诉|举报")  # no name ends in the middle of one
TOLD = re.compile("反映|来电|来信|来访|称[，,：:]|表示|投诉|举报")
PLACE_ENDS = frozenset("坪垭垅岭桥塘洲墓坡坝垸冲咀湾家某氏巷弄寨屯庙祠堡沟峪圩埠码浜泾")
OF_PLACE = re.compile(
    "[\u4e00-\u9fff]?(?:村(?![民支主里委干长])|社区|街道)|镇(?![长里上])|乡(?![长里村])|街|路(?!过)|巷|弄|小区|新村|大道|[东西南北]路|大?桥|水库|工业|广场|大厦|国际|服饰|商[厦场城园]|有限|公司|电[商子器镀]|苑|庭|坪|尖|岭|湖|溪"
    "|[园区馆](?!长)|城(?!管)|[厦郡寓]|学校|[小中大]学(?!生)|院(?![长内子里士])|站(?![长在着起到出立])|店(?![长主里员])|厂(?![长里])|幼儿园|超市|酒店|集团|置业|中心|商[品行]|交易|印刷|实业|科技"
)
COUNTS = frozenset("0123456789一二三四五六七八九十几两这那每")
PERSONS = frozenset("员者师")
BESIDE = PERSONS | frozenset("长人的")
MEASURES = frozenset("张段方项包万卷")
STOP = re.compile(r"[\s，,。、；;：:（(）)]|$")
END, SPEAKS = re.compile(_end), re.compile("[说称在的与和是把被于将等夫反]|家[里住的]|来电|表示|投诉")
DEALT = re.compile(
    "[打签因要借租买卖说送收退转交提]|反映|承包|沟通|联系|协商|发生|之间|结婚|离婚|认识|同居|是(?:夫妻|邻居|同事|朋友|亲戚|同学|父子|母子|兄弟)|同志|购|负责|开设|经营|一起|名下|为首|处理|支付|索要|代为|[，,。、（(]"
)
DEALT_SURELY = re.compile("打过?电话|联系|沟通|反映|承包|签订?|协商|代为|代理|发生|名下|本人")
MINE = re.compile(r"[\s，,。；;（(、]|$|[系现家住男女今]")
SOMEBODY = re.compile("某{1,3}(?![些种个天日时处地月年人方])|某人")
PARTICLES = frozenset("和从由来都连全原应")  # in running text hardly anybody's
NO_SURNAME = frozenset("和向从由时应关计单元双革支符简师家人百年板公大小班")
PERSON = re.compile("先生|女士|小姐|师傅|阿姨|大爷|大叔|大伯|大妈|大姐|大哥|奶奶|爷爷|某")
OF_SURNAME = re.compile("姓(?:村民|居民|业主|市民|男子|女子|老板|邻居|老人|司机|先生|女士|师傅|人家|员工|工人|的)")
AFTER_SURNAME = re.compile(r"[的，。,、（(\s某；;]|$|先生|女士")
FAMILIAR = re.compile(r"[\s说讲家来去跟和，,。、；;：:（(在的都也没\d]|$")
NEXT_NAME = re.compile(
    rf"(?:{_titles})?[、和与及，,/]((?:{COMPOUND}|[{''.join(sorted(FIRST))}])[{''.join(sorted(CALLED_TITLED))}]{{1,2}})(?=[、，,。；;（(\s等和与及两三四五]|$|{_titles})"
)


def names(seen: str, others: Iterable[tuple[int, int]] = ()) -> Iterator[Found]:
    """Start, end and mark of what was found; those whose name was found whole are then found everywhere. others: names found otherwise."""
    whole: set[str] = set()
    followed: set[int] = set()
    for start, end in (*_announced(seen), *_in_company(seen), *others):
        if end - start > 1 and seen[start:end] not in COMPOUND:
            whole.add(seen[start:end])
        yield start, end, "姓名"
        while end not in followed and (another := NEXT_NAME.match(seen, end)):  # 丁乾峰、蒋燕等
            followed.add(end)
            if is_word(another.group(1)):
                break
            whole.add(another.group(1))
            yield another.start(1), another.end(1), "姓名"
            end = another.end(1)
    yield from ((start, end, "姓名") for start, end in _surnames(seen))
    yield from _everywhere(seen, whole)


def _announced(seen: str) -> Iterator[tuple[int, int]]:
    """Behind a word that says that a name comes, any characters are one."""
    for pattern in (LABELLED, NAMED, SIGNED):
        yield from (match.span(1) for match in pattern.finditer(seen) if not _office_or_word(match.group(1)))
    yield from (match.span(1) for match in FOREIGN_LABELLED.finditer(seen))
    if "·" in seen or "•" in seen:
        yield from (match.span() for match in FOREIGNER.finditer(seen))


def _in_company(seen: str) -> Iterator[tuple[int, int]]:
    """Surnames with the one or two characters behind them, where what stands around says that it is a name."""
    upto = 0
    for match in SURNAME.finditer(seen):
        start, after = match.span()
        if start < upto:
            continue
        if TITLE_OF.match(seen, after):
            continue  # 陈书记 is no 陈书: a surname alone
        company, before = company_of(seen, start), seen[start - 1] if start else ""
        doubted = seen[start] in DOUBTED and after - start == 1
        if doubted and (seen[start] in PARTICLES or (company == NONE and before not in BESIDE)):
            continue
        judged = _is_name_all_the_same if doubted else _is_name
        apart = not is_pair(before + seen[start])
        whole = apart and not is_pair(seen[after - 1 : after + 1])
        nearer = PREDICATE.match(seen, after + 1)
        for end in (after + 1, after + 2) if nearer else (after + 2, after + 1):
            if end > len(seen) or OF_PLACE.match(seen, end) or OF_PLACE.match(seen, end - 1):
                continue
            firm = (apart or company != NONE) and judged(seen, start, after, end, company)
            if firm or (whole and _left_over(seen, start, after, end, company)):
                yield start, end
                upto = end
                break


def _is_name(seen: str, start: int, after: int, end: int, company: int) -> bool:
    given, two, compound = seen[after:end], end - after == 2, after - start == 2 and fits(seen[after:end])
    if not is_given(given) and not compound:
        described = company in (APART, ROLE) and DESCRIBED.match(seen, end) and NEVER_GIVEN.isdisjoint(given)
        return bool(described and given.isalpha() and not given.isascii()) and not _office_or_word(seen[start:end])
    usual, counted = compound or is_usual(given), COUNTED.match(seen, end)
    likely: object = TITLE.match(seen, end)
    if (
        company == ROLE
        and SPOKEN.match(seen, end)
        and not (is_pair(seen[start : start + 2]) and seen[start] not in HARDLY_WORDS)
    ):
        return not _office_or_word(seen[start:end])  # 桂花 is a word, and 诉求人林桂花 is called so
    if company == ROLE:
        likely = (
            likely
            or SPOKEN.match(seen, end)
            or DESCRIBED.match(seen, end)
            or (usual and (END.match(seen, end) or counted))
        )
    elif company == MYSELF:
        likely = likely or MINE.match(seen, end) or counted
    elif company == BY:
        likely = likely or DEALT_SURELY.match(seen, end) or (usual and two and DEALT.match(seen, end))
    elif company == APART:
        likely = likely or DESCRIBED.match(seen, end) or (usual and (counted or TOLD.match(seen, end)))
        likely = likely or (usual and two and (STOP.match(seen, end) or SPEAKS.match(seen, end)))
    else:
        likely = likely or (usual and counted and (two or counted.group() == "名下"))
    return bool(likely) and not is_word(seen[start:end])


def _is_name_all_the_same(seen: str, start: int, after: int, end: int, company: int) -> bool:
    """Of a surname that is mostly another word."""
    if company not in (ROLE, MYSELF):
        return False
    two, described = end - after == 2, DESCRIBED.match(seen, end)
    firm = described or (two and SPOKEN.match(seen, end))
    return bool(firm) and is_usual(seen[after:end]) and not is_word(seen[start:end])


def _left_over(seen: str, start: int, after: int, end: int, company: int) -> bool:
    """Whether these characters belong to no word: neither among themselves nor with what stands behind them. That the surname belongs to none
    has been seen to."""
    given, before, two = seen[after:end], seen[start - 1] if start else "", end - after == 2
    usual, sure = is_usual(given), after - start == 2 or seen[start] in HARDLY_WORDS
    if (not usual and not (sure and two)) or given[-1] + seen[end : end + 1] in WORDS:
        return False
    if (before in COUNTS and seen[start] in MEASURES) or (seen[start] in LEANING and company == NONE):
        return False
    if not fits(given) or is_word(seen[start:end]):
        return False
    if two and usual and (seen[start] not in DOUBTED or after - start == 2):
        return sure or given not in WORDS
    beside = company != NONE or before in BESIDE
    goes_on = END.match(seen, end) or SPOKEN.match(seen, end) or DEALT.match(seen, end) or COUNTED.match(seen, end)
    if two:  # a doubtful surname, or characters that hardly anybody is called by
        return bool(given not in WORDS and given[-1] not in PLACE_ENDS and beside and goes_on)
    if seen[start] in DOUBTED and after - start == 1:
        return False
    named = (company == ROLE or before in PERSONS) and seen[start] not in LEANING
    return bool(named or (beside and goes_on) or (sure and goes_on) or (sure and beside))


def company_of(seen: str, start: int) -> int:
    """What stands before a surname."""
    if not start:
        return APART
    sign = seen[start - 1]
    if seen[start - 2 : start] in ("我是", "本人", "我系"):
        return MYSELF
    if is_somebody(seen, start) or (sign in "：:（( 叫是为系即" and is_somebody(seen, start - 1)):
        return ROLE
    if is_hanzi(sign):
        if sign == "了" and seen[start - 2 : start - 1] in tuple("找问给骂骗告撞"):
            return BY
        return BY if sign in "与跟和给由向找对被替让请以是及为叫受据经帮骂打撞像约问告托陪" else NONE
    return NONE if sign.isalnum() else APART


def is_somebody(seen: str, end: int) -> bool:
    """Whether a word for a person ends here."""
    return (
        end > 0
        and seen[end - 1] in _LAST
        and any(seen[end - length : end] in WHOSE for length in _LENGTHS if end >= length)
    )


def _surnames(seen: str) -> Iterator[tuple[int, int]]:
    """Surnames alone: with a title, with 某, named as one."""
    for match in SURNAME.finditer(seen):
        start, after = match.span()
        before = seen[start - 1 : start]
        if seen[start] in DOUBTED and after - start == 1:
            alone = not is_hanzi(before) and (PERSON.match(seen, after) or OF_SURNAME.match(seen, after))
            named = (
                alone
                or (before == "老" and not is_pair(before + seen[start]) and _familiar(seen, start, after))
                or (bool(before) and before in "找问跟" and TITLE_OF.match(seen, after))
            )
            if seen[start] not in NO_SURNAME and named:
                yield start, after
            continue
        if _as_surname(seen, start, after, before):
            yield start, after
        elif TITLE_OF.match(seen, after) and (beside := _begins(seen, start, before)) != NONE:
            if (
                beside != ROLE
                and seen[start] in LEANING
                and is_hanzi(before)
                and before not in "的请找向问给跟和对由是叫让里"
            ):
                continue
            ends_a_name = (
                beside != ROLE
                and start >= 2
                and seen[start - 2] in FIRST
                and seen[start - 1] in CALLED_TITLED
                and not is_word(seen[start - 2 : start])
            )
            yield start - 2 if ends_a_name else start, after


def _begins(seen: str, start: int, before: str) -> int:
    """Whether a surname begins here, and behind whose office (班主任吴老师): not in 感谢局长 or 实习医生."""
    if is_somebody(seen, start):
        return ROLE
    return APART if before not in NEVER and (before in "老小" or not is_pair(before + seen[start])) else NONE


def _as_surname(seen: str, start: int, after: int, before: str) -> bool:
    """王某, 姓王的, 王姓村民, 老王."""
    return bool(
        (
            SOMEBODY.match(seen, after)
            and (seen[start] not in LEANING or not is_hanzi(before) or is_somebody(seen, start))
        )
        or (before == "姓" and AFTER_SURNAME.match(seen, after))
        or ((not is_hanzi(before) or before in "和与及位名个由被") and OF_SURNAME.match(seen, after))
        or (before and before in "老小" and _familiar(seen, start, after))
        or (before == "阿" and seen[start] in HARDLY_WORDS and _familiar(seen, start, after))
    )


def _familiar(seen: str, start: int, after: int) -> bool:
    """老王, 小李: where the word begins there."""
    before = seen[start - 2 : start - 1] if start >= 2 else ""
    begins = not is_hanzi(before) or before in "的说找叫跟问和与被壁" or is_somebody(seen, start - 1)
    return begins and bool(FAMILIAR.match(seen, after))


def is_usual(given: str) -> bool:
    """Whether people are called so, or by such characters."""
    return CALLED.issuperset(given) or given in GIVEN_WHOLE


def is_given(given: str) -> bool:
    return CALLED_TITLED.issuperset(given) or given in GIVEN_WHOLE


def fits(given: str) -> bool:
    """Whether somebody might be called so."""
    return (NEVER_GIVEN.isdisjoint(given) or given in GIVEN_WHOLE) and all(map(is_hanzi, given))


def _office_or_word(name: str) -> bool:
    return name[1:] in OFFICES or name[-2:] in NO_NAMES or name in TWO_CHARACTERS


def is_word(name: str) -> bool:
    """Whether what looks like a name is a word, or the name of a place or an office."""
    if _office_or_word(name) or (name in WORDS and name[0] not in HARDLY_WORDS):
        return True
    return name[:2] in TWO_CHARACTERS or name[-2:] in TWO_CHARACTERS or (len(name) > 2 and name[-1] in TAIL)


def is_pair(characters: str) -> bool:
    """Whether two characters are a word: then neither of them begins or ends another."""
    return characters in WORDS or characters in TWO_CHARACTERS


def is_hanzi(character: str) -> bool:
    return "\u4e00" <= character <= "\u9fff"


def _everywhere(seen: str, whole: set[str]) -> Iterator[Found]:
    if whole:
        for match in re.finditer("|".join(map(re.escape, sorted(whole, key=len, reverse=True)[:200])), seen):
            if not OF_PLACE.match(seen, match.end()):
                yield *match.span(), "姓名"
