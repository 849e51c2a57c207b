"""The walk from a piece of a cell along all words of inputs; compiled where Numba is installed."""

import numpy as np

from bptt_lab.engine import compiled
from bptt_lab.proof.zonotope import MAX_SIZE, SLACK, margin, spread, step

SAFE, DOUBTFUL, LONG = 0, 1, 2  # how a walk ends


@compiled
def walk(network, cover, start, n_least, shares, edge, landed, homeless, homeless_G, stretch):
    """Push a set through one input after another, until each image lies in a cell or is small enough to become one.

    network          from `zonotope.loops_of`
    cover            of N cells, for each: centre (n_h,), axes (n_h, n_h), radius (n_h,), carry and scale; and `view`
                     (V, n_h), V directions along which cell k lies within seen[:, k] ± seen_radius[:, k], both of
                     shape (V, N or more), so that cells which are clearly elsewhere stay unasked
    start            centre (n_h,), columns (n_h, n_h), carry of the set
    n_least          fewest inputs before an image becomes a cell
    shares           how large it may be then, as a share of the scale of the nearest cell, after 1, 2, … inputs;
                     there are no more inputs than shares
    edge             an image whose centre is in a cell, and no nearer to its sides than this share, becomes none
    landed           (n, 2), to be filled with words and the cells in which they end; n is the most images
    homeless         (n, n_h + 3), to be filled with word, carry, number of columns, centre of images that become cells
    homeless_G       (n, n_h (len(shares) + 1), n_h), with their columns
    stretch          (n_h,), after a walk that failed: how much each column of the start adds to the image that failed
    returns          SAFE, DOUBTFUL (a bit) or LONG; the least margin; how many are in `landed`, and in `homeless`
    """
    centres, axes, radius, carries, scale, view, seen, seen_radius = cover
    n_h, n_most, N = len(stretch), len(shares), len(carries)
    # level d of the tree of words: a set, and what it brings to the pre-activations of the next level
    centre, G = np.empty((n_most + 1, n_h)), np.empty((n_most + 1, n_h * (n_most + 1), n_h))
    a, reach, WG = np.empty((n_most, n_h)), np.empty((n_most, n_h)), np.empty((n_most, n_h * n_most, n_h))
    words, carry = np.empty(n_most + 1, dtype=np.int64), np.empty(n_most + 1, dtype=np.int64)
    tried = np.zeros(n_most, dtype=np.int64)  # how many of the four inputs
    size, off, room, gap = np.empty(n_h), np.empty(n_h), np.empty(n_h), np.empty(N, dtype=np.float32)
    centre[0], G[0, :n_h], carry[0], words[0] = start[0], start[1], start[2], 1
    spread(network, centre[0], G[0], n_h, a[0], reach[0], WG[0])
    end, least, n_landed, n_homeless, n_images, d = SAFE, np.inf, 0, 0, 0, 0
    while d >= 0:
        if tried[d] == 4:
            d -= 1
            continue
        x1, x2, p, e = tried[d] // 2, tried[d] % 2, n_h * (d + 1), d + 1
        tried[d] += 1
        n_images += 1
        total = carry[d] + x1 + x2
        carry[e], words[e] = total // 2, 4 * words[d] + 2 * x1 + x2
        step(network, a[d], reach[d], WG[d], p, x1, x2, centre[e], G[e], size)
        p += n_h
        here = margin(network, centre[e], G[e], p, total % 2)
        largest = size.max()
        if not (here > 0 and largest <= MAX_SIZE):
            end = DOUBTFUL
            break
        least = min(least, here)
        apart(view, seen, seen_radius, centre[e], gap)
        found, inside, at_nearest, nearest = -1, False, scale[0], 4 * scale[0] ** 2
        for k in range(1, N):
            if gap[k] < 0 and carries[k] == carry[e]:
                depth = depth_in(centre[e], centres[k], axes[k], radius[k], off, room)
                inside = inside or depth >= edge
                if depth > 0 and holds(axes[k], room, G[e], p, off, size):
                    found = k
                    break
        may_stay = found < 0 and e >= n_least and not inside and largest <= shares[d] * scale[0]
        if may_stay:
            for k in range(1, N):
                if carries[k] == carry[e]:
                    distance = 0.0
                    for i in range(n_h):
                        distance += (centres[k, i] - centre[e, i]) ** 2
                        if distance >= nearest:
                            break
                    if distance < nearest:
                        nearest, at_nearest = distance, scale[k]
        if found >= 0:
            landed[n_landed, 0], landed[n_landed, 1] = words[e], found
            n_landed += 1
        elif may_stay and largest <= shares[d] * at_nearest:
            homeless[n_homeless, 0], homeless[n_homeless, 1], homeless[n_homeless, 2] = words[e], carry[e], p
            homeless[n_homeless, 3:] = centre[e]
            homeless_G[n_homeless, :p] = G[e, :p]
            n_homeless += 1
        elif e < n_most and n_images < len(landed):
            spread(network, centre[e], G[e], p, a[e], reach[e], WG[e])
            tried[e] = 0
            d = e
            continue
        else:
            end = LONG
            break
        if n_images == len(landed) and (d > 0 or tried[d] < 4):
            end = LONG
            break
    if end != SAFE:
        stretch[:] = np.abs(G[e, :n_h]).sum(axis=1)
    return end, least, n_landed, n_homeless


@compiled
def apart(view, seen, seen_radius, centre, gap):
    """Fills how far a point is from each cell, in the direction of `view` in which it is farthest; < 0 if in none."""
    for k in range(len(gap)):
        gap[k] = -1.0
    for v in range(len(view)):
        at = 0.0
        for i in range(len(centre)):
            at += view[v, i] * centre[i]
        at_32 = np.float32(at)
        for k in range(len(gap)):
            gap[k] = max(gap[k], abs(seen[v, k] - at_32) - seen_radius[v, k])


@compiled
def depth_in(centre, centre_k, axes, radius, off, room):
    """How deep a point lies in a cell: 1 in the middle, 0 on the rim. Fills the `room` that is left along each axis."""
    n_h = len(centre)
    for k in range(n_h):
        off[k] = 0.0
    for i in range(n_h):
        for k in range(n_h):
            off[k] += (centre[i] - centre_k[i]) * axes[i, k]
    depth = 1.0
    for k in range(n_h):
        room[k] = radius[k] - abs(off[k]) - SLACK
        depth = min(depth, room[k] / radius[k])
    return depth


@compiled
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
