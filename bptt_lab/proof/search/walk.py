"""The walk from a piece of a cell along all words of inputs; compiled where Numba is installed."""

import numpy as np

from bptt_lab.machine import compiled, in_place
from bptt_lab.proof.search.zonotope import SLACK, margin, spread, step

MAX_SIZE = 8.0  # of a set, from its centre
FOLD = 0.01  # columns that came on the way and are shorter, as a share of the size of their set, become a box


@compiled
def walk(network, cover, start, word, tried, n_least, shares, edge, landed, homeless, homeless_G, stretch):
    """Push a set through one input after another, until each image lies in a cell or is small enough to become one.

    Parameters
    ----------
    network
        from `zonotope.loops_of`
    cover
        for each of N cells: centre (n_h,), axes (n_h, n_h), radius (n_h,), carry and scale; and `view` (V, n_h), V
        directions along which cell k lies within seen[:, k] ± seen_radius[:, k], both of shape (V, N or more), so that
        cells which are clearly elsewhere need not be looked at
    start
        centre (n_h,), columns (n_h, n_h), carry of the set
    word, tried
        where to begin: the first inputs (1 for none), and (len(shares),) how many of the four were tried there before,
        and after each of them; `tried` is filled with the same for what is left
    n_least
        fewest inputs before an image becomes a cell
    shares
        how large such an image may be after 1, 2, … inputs, as a share of the scale of the nearest cell; there are no
        more inputs than shares
    edge
        an image becomes no cell if its centre is in a cell, and no nearer to the cell's sides than this share
    landed : (n, 2)
        filled with words and the cells in which they end; n is the largest number of images
    homeless : (n, n_h + 3)
        filled with word, carry, number of columns and centre of each image that becomes a cell
    homeless_G
        (n, n_h (len(shares) + 1), n_h), filled with the columns of these images
    stretch : (n_h,)
        if words are left, filled with how much each column of the start adds to the set that was pushed last

    Returns
    -------
    how many are in `landed`, and in `homeless`, and a word
        0, or the word with which to go on, if a bit was doubtful or the walk too long
    """
    n_h, n_most, scale = len(stretch), len(shares), cover[4]
    # level d of the tree of words: a set, and what it brings to the pre-activations of the next level
    centre, G = np.empty((n_most + 1, n_h)), np.empty((n_most + 1, n_h * (n_most + 1), n_h))
    a, reach, WG = np.empty((n_most, n_h)), np.empty((n_most, n_h)), np.empty((n_most, n_h * n_most, n_h))
    words, carry = np.empty(n_most + 1, dtype=np.int64), np.empty(n_most + 1, dtype=np.int64)
    size, n_columns = np.empty(n_h), np.empty(n_most + 1, dtype=np.int64)
    carry[0], words[0], n_columns[0] = start[2], 1, n_h
    for i in range(n_h):
        centre[0, i] = start[0][i]
    _copy(start[1], n_h, G[0])
    spread(network, centre[0], G[0], n_h, a[0], reach[0], WG[0])
    n_known = 0
    while word >> 2 * n_known > 1:
        n_known += 1
    n_landed, n_homeless, n_images, d = 0, 0, 0, 0
    while d >= 0:
        if d >= n_known and tried[d] == 4:
            d -= 1
            continue
        if d < n_known:
            x = word >> 2 * (n_known - 1 - d) & 3
        else:
            x, tried[d] = tried[d], tried[d] + 1
        x1, x2, e = x // 2, x % 2, d + 1
        total = carry[d] + x1 + x2
        carry[e], words[e] = total // 2, 4 * words[d] + x
        if n_images == len(landed):
            break
        n_images += 1
        p = n_columns[d]
        largest = step(network, a[d], reach[d], WG[d], p, x1, x2, centre[e], G[e], size)
        n_columns[e] = p = fold(G[e], n_h, p, FOLD * largest)
        if not (margin(network, centre[e], G[e], p, total % 2) > 0 and largest <= MAX_SIZE):
            break
        found, depth = home(cover, centre[e], G[e], p, carry[e])
        if e < n_known and found < 0:
            spread(network, centre[e], G[e], p, a[e], reach[e], WG[e])
            d = e
            continue
        n_known = 0
        may_stay = depth < edge and e >= n_least and largest <= shares[d] * scale[0]
        if found >= 0:
            landed[n_landed, 0], landed[n_landed, 1] = words[e], found
            n_landed += 1
        elif may_stay and largest <= shares[d] * scale_at(cover, centre[e], carry[e]):
            homeless[n_homeless, 0], homeless[n_homeless, 1], homeless[n_homeless, 2] = words[e], carry[e], p
            for i in range(n_h):
                homeless[n_homeless, 3 + i] = centre[e, i]
            _copy(G[e], p, homeless_G[n_homeless])
            n_homeless += 1
        elif e < n_most:
            spread(network, centre[e], G[e], p, a[e], reach[e], WG[e])
            tried[e], d = 0, e
        else:
            break
    if d < 0:
        return n_landed, n_homeless, 0
    for j in range(n_h):
        stretch[j] = 0.0
        for i in range(n_h):
            stretch[j] += abs(G[d, j, i])
    return n_landed, n_homeless, words[d + 1]


@in_place
def fold(G, n_h, p, least):
    """Turn columns n_h to p that are shorter than `least` into a box, with the last n_h; return how many there are."""
    kept = n_h
    for j in range(n_h, p):
        length = 0.0
        for i in range(n_h):
            length += abs(G[j, i])
        if length < least:
            for i in range(n_h):
                G[p + i, i] += abs(G[j, i])
        else:
            _copy(G[j:], 1, G[kept:])
            kept += 1
    _copy(G[p:], n_h, G[kept:])
    return kept + n_h


@in_place
def _copy(columns, n, to):
    """The first n columns, one after the other: Numba compiles a loop sooner than an assignment of slices."""
    for j in range(n):
        for i in range(columns.shape[1]):
            to[j, i] = columns[j, i]


@compiled
def home(cover, centre, G, p, carry):
    """The first cell that holds a set, -1 if none does; and how deep its centre lies where that is deepest."""
    centres, axes, radius, carries = cover[:4]
    n_h, gap, deepest = len(centre), apart(cover, centre), 0.0
    room, off, used = np.empty(n_h), np.empty(n_h), np.empty(n_h)
    for k in range(1, len(carries)):
        if gap[k] < 0 and carries[k] == carry:
            depth = depth_in(centre, centres[k], axes[k], radius[k], room)
            if depth > 0 and holds(axes[k], room, G, p, off, used):
                return k, depth
            deepest = max(deepest, depth)
    return -1, deepest


@in_place
def scale_at(cover, centre, carry):
    """The scale of the nearest cell; the first one's if that is far away."""
    centres, carries, scale = cover[0], cover[3], cover[4]
    at_nearest, nearest = scale[0], 4 * scale[0] ** 2
    for k in range(1, len(carries)):
        if carries[k] == carry:
            distance = 0.0
            for i in range(len(centre)):
                distance += (centres[k, i] - centre[i]) ** 2
            if distance < nearest:
                nearest, at_nearest = distance, scale[k]
    return at_nearest


@compiled
def apart(cover, centre):
    """How far a point is from each cell, in the direction of `view` in which it is farthest; < 0 if in none."""
    view, seen, seen_radius = cover[5:]
    gap = np.empty(len(cover[3]), dtype=np.float32)
    for k in range(len(gap)):
        gap[k] = -1.0
    for v in range(len(view)):
        at = 0.0
        for i in range(len(centre)):
            at += view[v, i] * centre[i]
        at_32 = np.float32(at)
        for k in range(len(gap)):
            gap[k] = max(gap[k], abs(seen[v, k] - at_32) - seen_radius[v, k])
    return gap


@in_place
def depth_in(centre, centre_k, axes, radius, room):
    """How deep a point lies in a cell: 1 in the middle, 0 on the rim, less outside.

    Fills the `room` that is left along each axis; if the point is outside, along the first ones only.
    """
    depth = 1.0
    for k in range(len(centre)):
        off = 0.0
        for i in range(len(centre)):
            off += (centre[i] - centre_k[i]) * axes[i, k]
        room[k] = radius[k] - abs(off) - SLACK
        depth = min(depth, room[k] / radius[k])
        if depth <= 0:
            break
    return depth


@in_place
def holds(axes, room, G, p, off, used):
    """Whether p columns reach no farther than there is room."""
    n_h = len(room)
    for k in range(n_h):
        used[k] = 0.0
    for j in range(p):
        for k in range(n_h):
            off[k] = 0.0
        for i in range(n_h):
            if G[j, i] != 0:
                for k in range(n_h):
                    off[k] += G[j, i] * axes[i, k]
        over = False
        for k in range(n_h):
            used[k] += abs(off[k])
            over = over or used[k] > room[k]
        if over:
            return False
    return True
