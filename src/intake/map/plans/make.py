"""Makes `plans.bin` of the metadata of rlibphonenumber: python3 make.py ~/.cargo/registry/src/*/rlibphonenumber-1.1.6

The library's patterns become one automaton over the digits behind a `+`, least states first made equal. A number that it
accepts is one that the library takes as it stands: valid in its country, and without a prefix that would be taken off.
Where a prefix might be (the pattern of national prefixes matches anything), no number is accepted: the library decides.

The file: states of ten ways each, one a digit, in 16 bits (little-endian): the state that comes next, 0 for none, with the
highest bit where a number may end. The first state is the start. The tests of `plans.rs` hold it against the library.
"""
import struct, sys
from re import _parser as syntax  # of Python 3.11 or later

KINDS = {2: "fixed", 3: "mobile", 4: "toll free", 5: "premium", 6: "shared cost", 7: "personal", 8: "voip", 21: "pager", 25: "uan", 28: "voicemail"}
GENERAL, ID, CODE, PREFIX, SAME, MAIN, LEADING = 1, 9, 10, 15, 18, 22, 23
DIGITS_MAX = 17  # of a national number

def fields(message):
    at = 0
    def number():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]; at += 1
            value |= (byte & 127) << shift; shift += 7
            if byte < 128: return value
    while at < len(message):
        tag = number()
        if tag & 7 == 0: yield tag >> 3, number()
        else:
            size = number(); at += size
            yield tag >> 3, message[at - size:at]

def description(message):
    pattern, lengths = None, set()
    for field, value in fields(message):
        if field == 2: pattern = value.decode()
        if field == 9: lengths.add(value)
    return pattern, lengths

def read(folder):
    """The regions of each calling code, the main one first."""
    source = open(folder + "/src/generated/metadata/metadata.rs").read()
    numbers = source[source.index("= [") + 3:source.rindex("]")].split(",")
    codes = {}
    for _, region in fields(bytes(int(number, 0) for number in numbers if number.strip())):
        found = {"kinds": []}
        for field, value in fields(region):
            if field == GENERAL: found["general"] = description(value)
            elif field in KINDS: found["kinds"].append((KINDS[field], *description(value)))
            else: found[field] = value
        if found[ID] != b"ZZ":
            codes.setdefault(found[CODE], []).insert(0 if found.get(MAIN) else len(codes.get(found[CODE], [])), found)
    return codes

class Pattern:
    """A pattern as an automaton, whose states are sets of places in it. Matches at the start, up to anywhere."""
    made = {}
    def __init__(self, pattern):
        self.empty, self.edge = [], []
        start = self.place()
        self.end = self.build(syntax.parse(pattern), start)
        self.start = self.closed([start])
        self.next = {}
    def place(self):
        self.empty.append([]); self.edge.append(None)
        return len(self.edge) - 1
    def build(self, tree, at):
        for kind, what in tree:
            if kind in (syntax.LITERAL, syntax.IN):
                digits = what if kind == syntax.IN else [(syntax.LITERAL, what)]
                to = self.place(); self.edge[at] = (set().union(*map(digits_of, digits)), to); at = to
            elif kind == syntax.SUBPATTERN: at = self.build(what[3], at)
            elif kind == syntax.BRANCH:
                end = self.place()
                for branch in what[1]:
                    start = self.place(); self.empty[at].append(start)
                    self.empty[self.build(branch, start)].append(end)
                at = end
            elif kind == syntax.MAX_REPEAT:
                least, most, inner = what
                end = self.place()
                for count in range(most):
                    if count >= least: self.empty[at].append(end)
                    start = self.place(); self.empty[at].append(start)
                    at = self.build(inner, start)
                self.empty[at].append(end); at = end
            else: assert kind == syntax.AT, kind  # the start; an end is left out, so that a prefix matches more
        return at
    def closed(self, places):
        seen, left = set(places), list(places)
        while left:
            for place in self.empty[left.pop()]:
                if place not in seen: seen.add(place); left.append(place)
        return frozenset(place for place in seen if self.edge[place] or place == self.end)
    def step(self, state, digit):
        if (state, digit) not in self.next:
            edges = [self.edge[place] for place in state if self.edge[place]]
            self.next[state, digit] = self.closed([to for digits, to in edges if digit in digits])
        return self.next[state, digit]

def digits_of(part):
    kind, what = part
    if kind == syntax.LITERAL: return {int(chr(what))}
    if kind == syntax.RANGE: return set(range(int(chr(what[0])), int(chr(what[1])) + 1))
    assert (kind, what) == (syntax.CATEGORY, syntax.CATEGORY_DIGIT), part
    return set(range(10))

class States:
    """States, each of them once: those that accept the same are one."""
    def __init__(self):
        self.rows, self.known = [], {}
        self.dead = self.of(False, [0] * 10)
    def of(self, is_end, ways):
        row = (is_end, tuple(ways))
        if row not in self.known: self.known[row] = len(self.rows); self.rows.append(row)
        return self.known[row]

class Code:
    """What the library does with the national numbers of a calling code."""
    def __init__(self, regions, states):
        self.states, self.made, self.patterns = states, {}, []
        self.prefix = self.pattern(regions[0][PREFIX].decode()) if PREFIX in regions[0] else None
        self.regions = [(
            self.pattern(region[LEADING].decode()) if LEADING in region and len(regions) > 1 else None,
            (self.pattern(region["general"][0]), region["general"][1]),
            [(self.pattern(pattern), lengths) for kind, pattern, lengths in region["kinds"]
             if pattern and not (kind == "mobile" and region.get(SAME))],
        ) for region in regions]
        start = tuple(pattern.start for pattern in self.patterns)
        self.root = self.state(start, (False,) * len(regions), 0)
    def pattern(self, text):
        pattern = Pattern.made.setdefault(text, None) or Pattern(text)
        Pattern.made[text] = pattern
        if pattern not in self.patterns: self.patterns.append(pattern)
        return self.patterns.index(pattern)
    def matches(self, at, which): return self.patterns[which].end in at[which]
    def is_of(self, region, at, length):
        """`get_number_type_helper`"""
        fits = lambda kind: (not kind[1] or length in kind[1]) and self.matches(at, kind[0])
        return fits(region[1]) and any(map(fits, region[2]))
    def is_valid(self, at, leads, length):
        """`is_valid_number`: by the first region that leads so, or has such a number."""
        for region, lead in zip(self.regions, leads):
            if lead or len(self.regions) == 1 or self.is_of(region, at, length):
                return length >= 2 and self.is_of(region, at, length)
        return False
    def state(self, at, leads, length):
        key = at, leads, length
        if key in self.made: return self.made[key]
        if length and self.prefix is not None and self.matches(at, self.prefix): found = self.states.dead
        elif not any(at[region[1][0]] for region in self.regions): found = self.states.dead
        else:
            ways = [self.states.dead] * 10
            for digit in range(10 if length < DIGITS_MAX else 0):
                then = tuple(pattern.step(state, digit) for pattern, state in zip(self.patterns, at))
                lead = tuple(lead or region[0] is not None and self.matches(then, region[0]) for lead, region in zip(leads, self.regions))
                ways[digit] = self.state(then, lead, length + 1)
            found = self.states.of(self.is_valid(at, leads, length), ways)
        self.made[key] = found
        return found

def main(folder):
    sys.setrecursionlimit(10_000)
    states = States()
    roots = {str(code): Code(regions, states).root for code, regions in sorted(read(folder).items())}
    def by_code(digits):
        if digits in roots: return roots[digits]
        if not any(code.startswith(digits) for code in roots): return states.dead
        return states.of(False, [by_code(digits + str(digit)) for digit in range(10)])
    order = [by_code("")]
    number = {order[0]: 0}
    with open("plans.bin", "wb") as file:
        for state in order:
            for way in states.rows[state][1]:
                if way not in number and way != states.dead: number[way] = len(order); order.append(way)
                ends = states.rows[way][0] << 15
                file.write(struct.pack("<H", 0 if way == states.dead else number[way] | ends))

main(sys.argv[1])
