"""Where somebody lives, below the village: house numbers, villagers' groups, buildings, units and rooms. The street and the village stay."""

import re
from collections.abc import Iterator

Found = tuple[int, int, str]

COUNT = r"[0-9一二三四五六七八九十百零〇两]"
STREET = r"路街道巷弄里段村社屯庄坊湾苑园区城庭寓居厦楼院组队场坪坳岭冲垅"
HOUSE = re.compile(
    rf"(?<=[{STREET}])(?:{COUNT}{{1,5}}[弄巷])?(?:第|附)?{COUNT}{{1,5}}(?:[-—之]{COUNT}{{1,4}}){{0,2}}[甲乙丙丁A-Za-z]?号(?!线|文|令|公|坑|井|路|函|[楼]梯)"
    rf"(?:[楼院门铺店房]|附{COUNT}{{1,3}}号?){{0,2}}(?:\d{{1,2}}[楼层](?!梯))?"
    rf"|(?:(?<=门牌)|(?<=门牌号)|(?<=门牌号码)|(?<=门牌[:：为是 ])|(?<=门牌号[:：为是 ])|(?<=门牌号码[:：为是 ]))\d{{1,4}}(?:-\d{{1,3}})?号?(?![\d年月个])"
    rf"|(?<!{COUNT})(?<![第线路届])\d{{1,4}}(?:-\d{{1,3}})?号(?=的?(?:住户|业主|居民|人家|房东|店主|租客|邻居|楼上|楼下))"
    rf"|(?<!{COUNT})\d{{1,4}}弄\d{{1,3}}号(?:\d{{1,4}}室)?|(?<=住)\d{{1,4}}(?:-\d{{1,3}})?号(?!楼)"
    rf"|(?<=[{STREET}]){COUNT}{{1,3}}组{COUNT}{{1,4}}号|(?<!{COUNT})\d{{1,3}}组\d{{1,4}}号|(?:第|(?<=[村社区庄里])){COUNT}{{1,3}}(?:村民小组|居民小组|小组|组)(?!长)(?:{COUNT}{{1,4}}号)?"
)
NO_HOUSE = "线文令公坑井路函机车窗梯厅教病库桥泵闸矿站令发停开晚早到至之起"  # 3号线, 12号文件, 25号停电
NO_HAMLET = "月年期第约于在到自从日府会院校届共有这那本个每周星末初民们人天晚早午学说定等过了是为又就才将报讲称线"
HAMLET = re.compile(  # a number behind whatever a village calls its parts: 上垟村樟树下49号; or along a country road
    rf"(?:(?:[镇乡村]|社区|街道)[\u4e00-\u9fff]{{1,4}}(?![{NO_HAMLET}])[\u4e00-\u9fff]|线(?=\d{{3}}))((?:{COUNT}{{1,5}})(?:-\d{{1,3}})?号)(?![{NO_HOUSE}]|楼(?![上下前后旁])|电梯|地块|出口|[上下]午)"
)
BUILDING = rf"(?:[A-Za-z]{COUNT}?|[A-Za-z]?{COUNT}{{1,4}}|[东南西北甲乙丙丁])(?:[栋幢座](?!组|楼?[近约共各]|楼房|高层|别墅|住宅|建筑)|号楼(?!梯))"
UNIT = rf"(?:{COUNT}{{1,3}}|[A-Za-z东西中])(?:单元|梯|门洞)"
FLOOR = rf"{COUNT}{{1,3}}(?:楼|层)"
ROOM = rf"{COUNT}{{3,5}}(?:室|房|户|号房?)?(?!{COUNT}|[元年平米人㎡多余名个台吨公万亿%])"
DWELLING = re.compile(
    rf"(?:{BUILDING}[-—]?)?{BUILDING}[-—,，、 ]?(?:{UNIT}[-—,，、 ]?)?(?:{FLOOR}[-—,，、 ]?)?{ROOM}"
    rf"|(?<=住)\d{{1,3}}[-—]\d{{1,2}}[-—]\d{{3,4}}(?!\d)|{UNIT}[-—,，、 ]?{FLOOR}(?:[东西南北中左右]户)?"
    rf"|(?<![\d-])\d{{1,3}}-\d{{3,4}}室|(?<=[园苑区庭城府邸寓郡湾庄])\d{{1,3}}[-—]\d{{1,2}}[-—]\d{{3,4}}(?!\d)[室房户号]?"
    rf"|(?<!{COUNT})\d{{1,3}}#(?:\d{{1,2}}[-—])?\d{{3,4}}(?:室|房)?(?!\d)"
    rf"|{BUILDING}[-—,，、 ]?{UNIT}(?:[-—,，、 ]?{FLOOR})?|{UNIT}[-—,，、 ]?(?:{FLOOR}[-—,，、 ]?)?{ROOM}"
    rf"|{COUNT}{{1,3}}[-—]{COUNT}{{1,2}}[-—]{COUNT}{{3,4}}(?=室|房|户|的?业主|住户|号)(?:室|房|户|号)?"
    rf"|(?<=[{STREET}天地期郡墅山]){BUILDING}|{BUILDING}(?=[的]?(?:业主|居民|住户|楼下|门口|前面|后面|旁边|对面|一楼|底楼|顶楼))"
    rf"|(?<!{COUNT})(?<![第共有约达])[A-Za-z]?{COUNT}{{3,4}}(?:室(?!内|外|友)|房间?(?!屋|产|子|价|地|贷|租|东|源|企|管|改|型|款))"
)

NEXT_BUILDING = re.compile(rf"[、,，和及与]({BUILDING})")
BEGINS = re.compile(
    "[0-9一二三四五六七八九十百零〇两A-Za-z东南西北中甲乙丙丁第附]"
)  # every house number and dwelling does
DOOR, INSIDE = re.compile("[号组]|门牌"), re.compile("[栋幢座楼单室房#梯洞-]|—")


def doors(seen: str) -> Iterator[Found]:
    """Start, end and mark of what was found."""
    if DOOR.search(seen):
        yield from ((*match.span(), "门牌") for match in _found(HOUSE, seen))
        yield from ((*match.span(1), "门牌") for match in HAMLET.finditer(seen))
    if not INSIDE.search(seen):
        return
    for match in _found(DWELLING, seen):
        yield *match.span(), "门牌"
        end = match.end()
        while also := NEXT_BUILDING.match(seen, end):  # 2栋、3栋和16栋
            yield also.start(1), also.end(1), "门牌"
            end = also.end()


def _found(pattern: re.Pattern[str], seen: str) -> Iterator[re.Match[str]]:
    """As `finditer`, tried only where it can begin: the alternatives are many."""
    begins = BEGINS.search(seen)
    while begins:
        match = pattern.match(seen, begins.start())
        if match:
            yield match
        begins = BEGINS.search(seen, match.end() if match else begins.end())
