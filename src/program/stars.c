/* Star colourings of graphs, greedily (Gebremedhin, Tarafdar, Pothen, Walther 2009, "Efficient computation of sparse
 * Hessians using coloring and automatic differentiation").
 *
 * A vertex v may not have the colour of a neighbour, nor one that would make a path of four vertices with two
 * colours. Such a path has v at its end, v w x y, where w and y have one colour: x is the middle of a star of that
 * colour. Or it has v inside, x w v u, where w and u have one colour: v would be the middle of that star. */
#include "program/colouring.h"

#include "base/memory.h"

#include <string.h>

void ad_colour_order(const ad_sparsity *s, size_t *order, size_t *work)
{
    memset(work, 0, (s->columns + 2) * sizeof *work);
    for (size_t i = 0; i < s->rows; i++)
        work[s->columns - (s->row_begin[i + 1] - s->row_begin[i]) + 1]++;
    ad_sparsity_add_up(s->columns + 1, work);
    for (size_t i = 0; i < s->rows; i++)
        order[work[s->columns - (s->row_begin[i + 1] - s->row_begin[i]) + 1]++] = i;
}

/* The neighbours of a vertex that have one colour. */
typedef struct kin {
    size_t colour, count, vertex; /* the first of them */
} kin;

/* Lists of a vertex v are as long as its row, and begin where that does. */
typedef struct stars {
    const ad_sparsity *graph;
    size_t *colour; /* NONE as long as it has none */
    kin *near;      /* colours of its neighbours */
    size_t *nears;
    size_t *
        middle; /* colours of neighbours that are the middle of a star with v in it, and others of v's colour */
    size_t *middles;
    size_t *forbidden; /* by colour, the last vertex that may not have it, from 1 on */
    uint64_t work, limit;
} stars;

#define NONE SIZE_MAX

enum {
    STEPS = 256,
    FREE_STEPS = 1 << 22
}; /* for each edge, on the whole; and however many there are */

static kin *near_of(const stars *d, size_t v)
{
    return d->near + d->graph->row_begin[v];
}

static kin *find_near(stars *d, size_t v, size_t colour)
{
    kin *near = near_of(d, v);
    size_t i = 0;
    while (i < d->nears[v] && near[i].colour != colour)
        i++;
    d->work += i + 1;
    return i < d->nears[v] ? &near[i] : NULL;
}

/* How many neighbours of v have the colour. */
static size_t count_near(stars *d, size_t v, size_t colour)
{
    const kin *k = find_near(d, v, colour);
    return k ? k->count : 0;
}

/* ---- choosing a colour --------------------------------------------------------------- */

/* v may not have the colours of w's neighbours. */
static void forbid_around(stars *d, size_t v, size_t w)
{
    for (size_t i = 0; i < d->nears[w]; i++)
        d->forbidden[near_of(d, w)[i].colour] = v + 1;
    d->work += d->nears[w];
}

static void forbid_middles(stars *d, size_t v, size_t w)
{
    const size_t *middle = d->middle + d->graph->row_begin[w];
    for (size_t i = 0; i < d->middles[w]; i++)
        d->forbidden[middle[i]] = v + 1;
    d->work += d->middles[w];
}

static void forbid(stars *d, size_t v)
{
    const ad_sparsity *g = d->graph;
    for (size_t e = g->row_begin[v]; e < g->row_begin[v + 1] && d->work < d->limit; e++) {
        const size_t w = g->column[e];
        if (w == v || d->colour[w] == NONE)
            continue;
        d->forbidden[d->colour[w]] = v + 1;
        if (count_near(d, v, d->colour[w]) > 1)
            forbid_around(d, v, w);
        else
            forbid_middles(d, v, w);
    }
}

static size_t first_allowed(stars *d, size_t v, size_t *colours)
{
    size_t colour = 0;
    while (colour < *colours && d->forbidden[colour] == v + 1)
        colour++;
    d->work += colour;
    if (colour == *colours)
        d->forbidden[(*colours)++] = 0;
    return colour;
}

/* ---- giving it ----------------------------------------------------------------------- */

/* A neighbour of v with this colour is the middle of a star with v in it. */
static void add_middle(stars *d, size_t v, size_t colour)
{
    size_t *middle = d->middle + d->graph->row_begin[v], i = 0;
    while (i < d->middles[v] && middle[i] != colour)
        i++;
    d->work += i + 1;
    if (i == d->middles[v])
        middle[d->middles[v]++] = colour;
}

/* w has the new neighbour v, of this colour. */
static void add_near(stars *d, size_t w, size_t v, size_t colour)
{
    kin *k = find_near(d, w, colour);
    if (!k) {
        near_of(d, w)[d->nears[w]++] = (kin){colour, 1, v};
        return;
    }
    if (d->colour[w] != NONE) {
        add_middle(d, v, d->colour[w]);
        if (k->count == 1)
            add_middle(d, k->vertex, d->colour[w]);
    }
    k->count++;
}

static void give(stars *d, size_t v, size_t colour)
{
    const ad_sparsity *g = d->graph;
    d->colour[v] = colour;
    for (size_t e = g->row_begin[v]; e < g->row_begin[v + 1] && d->work < d->limit; e++) {
        const size_t w = g->column[e];
        if (w == v)
            continue;
        add_near(d, w, v, colour);
        if (d->colour[w] != NONE && count_near(d, v, d->colour[w]) > 1)
            add_middle(d, w, colour);
    }
}

/* ---- all vertices -------------------------------------------------------------------- */

static size_t colour_all(stars *d, const size_t *order)
{
    const size_t n = d->graph->rows;
    size_t i = 0, colours = 0;
    memset(d->nears, 0, n * sizeof *d->nears);
    memset(d->middles, 0, n * sizeof *d->middles);
    memset(d->forbidden, 0, n * sizeof *d->forbidden);
    for (size_t v = 0; v < n; v++)
        d->colour[v] = NONE;
    for (d->work = 0; i < n; i++) {
        forbid(d, order[i]);
        if (d->work >= d->limit)
            break; /* the rest have colours of their own, and need no lists any more */
        give(d, order[i], first_allowed(d, order[i], &colours));
    }
    for (; i < n; i++)
        d->colour[order[i]] = colours++;
    return colours;
}

/* In their order, and from those with the most neighbours on, to `other`: the better is taken. */
static size_t colour_both_ways(stars *d, size_t *order, size_t *work, size_t *other)
{
    size_t *colour = d->colour;
    for (size_t v = 0; v < d->graph->rows; v++)
        order[v] = v;
    const size_t first = colour_all(d, order);
    ad_colour_order(d->graph, order, work);
    d->colour = other;
    const size_t second = colour_all(d, order);
    if (second >= first)
        return first;
    memcpy(colour, other, d->graph->rows * sizeof *colour);
    return second;
}

size_t ad_colour_stars(const ad_sparsity *graph, size_t *colour, ad_error *error)
{
    const size_t n = graph->rows;
    const size_t numbers = ad_size_add(ad_size_mul(6, n) + 2, graph->entries);
    const size_t bytes =
        ad_size_add(ad_size_mul(numbers, sizeof(size_t)), ad_size_mul(graph->entries, sizeof(kin)));
    stars d = {.graph = graph,
               .colour = colour,
               .near = ad_memory_take(graph->allocator, bytes),
               .limit = FREE_STEPS + STEPS * ((uint64_t)graph->entries + n)};
    if (!d.near) {
        ad_fail(error, AD_MEMORY, "colouring: memory ran out: %zu bytes", bytes);
        return SIZE_MAX;
    }
    d.nears = (size_t *)(void *)(d.near + graph->entries);
    d.middles = d.nears + n;
    d.forbidden = d.middles + n;
    d.middle = d.forbidden + n;
    size_t *order = d.middle + graph->entries;
    const size_t colours = colour_both_ways(&d, order, order + 2 * n, order + n);
    ad_memory_give(graph->allocator, d.near, bytes);
    return colours;
}
