/* Colourings of rows and columns, and what comes of them. */
#include "program/colouring.h"

#include "base/memory.h"

#include <string.h>

/* ---- life --------------------------------------------------------------------------- */

static size_t *colours_of(ad_colouring *c)
{
    return (size_t *)(void *)(c + 1);
}

static ad_colouring *take_colouring(const ad_sparsity *s, ad_colour kind, ad_error *error)
{
    const size_t count = kind == AD_COLOUR_COLUMNS ? s->columns : s->rows;
    size_t bytes = ad_size_add(sizeof(ad_colouring),
                               ad_size_mul(ad_size_add(count, s->entries), sizeof(size_t)));
    ad_colouring *c = ad_memory_take(s->allocator, bytes);
    if (!c) {
        ad_fail(error, AD_MEMORY, "colouring: memory ran out: %zu bytes", bytes);
        return NULL;
    }
    *c = (ad_colouring){.kind = kind,
                        .count = count,
                        .length = kind == AD_COLOUR_COLUMNS ? s->rows : s->columns,
                        .entries = s->entries,
                        .colour = colours_of(c),
                        .source = colours_of(c) + count,
                        .allocator = s->allocator,
                        .bytes = bytes};
    return c;
}

void ad_colouring_free(ad_colouring *c)
{
    if (c)
        ad_memory_give(c->allocator, c, c->bytes);
}

/* ---- columns, or rows ---------------------------------------------------------------- */

/* Colour by colour, all that may have it: this gives each the first colour that it may have. What is coloured are
 * rows of `sets` that have no column in common. */
typedef struct classes {
    const ad_sparsity *sets;
    size_t *colour, *order,
        *covered; /* covered: by column, the last colour in whose rows it is, from 1 on */
    uint64_t work, limit;
} classes;

enum {
    PASSES = 256,
    FREE_PASSES = 1 << 22
}; /* over all entries, on the whole; and whatever they are */

/* Takes the set into the colour, if it may have it. */
static bool take_in(classes *d, size_t set, size_t colour)
{
    const ad_sparsity *s = d->sets;
    const size_t begin = s->row_begin[set], end = s->row_begin[set + 1];
    size_t e = begin;
    while (e < end && d->covered[s->column[e]] != colour + 1)
        e++;
    d->work += 1 + e - begin;
    if (e < end)
        return false;
    for (e = begin; e < end; e++)
        d->covered[s->column[e]] = colour + 1;
    d->colour[set] = colour;
    return true;
}

/* How many colours it takes; `order` is used up. */
static size_t colour_in_order(classes *d)
{
    size_t left = d->sets->rows, colours = 0;
    memset(d->covered, 0, d->sets->columns * sizeof *d->covered);
    for (d->work = 0; left && d->work < d->limit; colours++) {
        size_t kept = 0;
        for (size_t i = 0; i < left; i++)
            if (!take_in(d, d->order[i], colours))
                d->order[kept++] = d->order[i];
        left = kept;
    }
    for (size_t i = 0; i < left; i++)
        d->colour[d->order[i]] = colours++;
    return colours;
}

/* The most sets that have one column in common: so many colours it takes. */
static size_t fullest_column(const ad_sparsity *sets, size_t *count)
{
    size_t most = 0;
    memset(count, 0, sets->columns * sizeof *count);
    for (size_t e = 0; e < sets->entries; e++)
        if (++count[sets->column[e]] > most)
            most = count[sets->column[e]];
    return most;
}

/* In the order of the sets, and if that takes more than it must, again from the largest on, to `other`. */
static size_t colour_twice(classes *d, size_t *other)
{
    size_t *colour = d->colour, first, second;
    const size_t least = fullest_column(d->sets, d->covered);
    for (size_t i = 0; i < d->sets->rows; i++)
        d->order[i] = i;
    first = colour_in_order(d);
    if (first <= least || first <= 1)
        return first;
    ad_colour_order(d->sets, d->order, d->covered);
    d->colour = other;
    second = colour_in_order(d);
    if (second >= first)
        return first;
    memcpy(colour, other, d->sets->rows * sizeof *colour);
    return second;
}

static size_t colour_sets(const ad_sparsity *sets, size_t *colour, ad_error *error)
{
    const size_t numbers = ad_size_add(ad_size_mul(2, sets->rows), sets->columns + 2);
    const size_t bytes = ad_size_mul(numbers, sizeof(size_t));
    classes d = {.sets = sets,
                 .colour = colour,
                 .order = ad_memory_take(sets->allocator, bytes),
                 .limit = FREE_PASSES + PASSES * ((uint64_t)sets->entries + sets->rows)};
    if (!d.order) {
        ad_fail(error, AD_MEMORY, "colouring: memory ran out: %zu bytes", bytes);
        return SIZE_MAX;
    }
    d.covered = d.order + 2 * sets->rows;
    const size_t colours = colour_twice(&d, d.order + sets->rows);
    ad_memory_give(sets->allocator, d.order, bytes);
    return colours;
}

static size_t colour_columns(const ad_sparsity *s, size_t *colour, ad_error *error)
{
    ad_sparsity *sets = ad_sparsity_transpose(s, NULL, error);
    const size_t colours = sets ? colour_sets(sets, colour, error) : SIZE_MAX;
    ad_sparsity_free(sets);
    return colours;
}

/* ---- rows and columns of a symmetric matrix ------------------------------------------ */

/* Where entries stand: (i, j) in the product of j's colour, if no other neighbour of i has that colour. Else i is the
 * middle of a star of that colour, and no other neighbour of j has the colour of i. */
static void find_star_sources(const ad_sparsity *s, const ad_sparsity *graph, const size_t *colour,
                              size_t *count, size_t *source)
{
    const size_t n = s->rows;
    for (size_t i = 0; i < n; i++) {
        for (size_t e = graph->row_begin[i]; e < graph->row_begin[i + 1]; e++)
            count[colour[graph->column[e]]] += graph->column[e] != i;
        for (size_t e = s->row_begin[i]; e < s->row_begin[i + 1]; e++) {
            const size_t j = s->column[e];
            const bool alone = j == i || count[colour[j]] == 1;
            source[e] = alone ? colour[j] * n + i : colour[i] * n + j;
        }
        for (size_t e = graph->row_begin[i]; e < graph->row_begin[i + 1]; e++)
            count[colour[graph->column[e]]] = 0;
    }
}

static size_t colour_graph(const ad_sparsity *s, const ad_sparsity *graph, size_t *colour,
                           size_t *source, ad_error *error)
{
    const size_t colours = ad_colour_stars(graph, colour, error);
    const size_t bytes = colours == SIZE_MAX ? 0 : ad_size_mul(colours, sizeof(size_t));
    if (colours == SIZE_MAX)
        return colours;
    size_t *count = ad_memory_take(s->allocator, bytes);
    if (!count) {
        ad_fail(error, AD_MEMORY, "colouring: memory ran out: %zu bytes", bytes);
        return SIZE_MAX;
    }
    memset(count, 0, bytes);
    find_star_sources(s, graph, colour, count, source);
    ad_memory_give(s->allocator, count, bytes);
    return colours;
}

static size_t colour_symmetric(const ad_sparsity *s, size_t *colour, size_t *source,
                               ad_error *error)
{
    ad_sparsity *graph = ad_sparsity_mirror(s, NULL, error);
    const size_t colours = graph ? colour_graph(s, graph, colour, source, error) : SIZE_MAX;
    ad_sparsity_free(graph);
    return colours;
}

/* ---- what users call ---------------------------------------------------------------- */

static void find_sources(const ad_sparsity *s, ad_colouring *c, size_t *source)
{
    const bool rows = c->kind == AD_COLOUR_ROWS;
    for (size_t i = 0; i < s->rows; i++)
        for (size_t e = s->row_begin[i]; e < s->row_begin[i + 1]; e++)
            source[e] = rows ? c->colour[i] * c->length + s->column[e]
                             : c->colour[s->column[e]] * c->length + i;
}

static bool colour_by_kind(const ad_sparsity *s, ad_colouring *c, ad_error *error)
{
    size_t *colour = colours_of(c), *source = colour + c->count;
    if (c->kind == AD_COLOUR_STAR)
        c->colours = colour_symmetric(s, colour, source, error);
    else
        c->colours = c->kind == AD_COLOUR_ROWS ? colour_sets(s, colour, error)
                                               : colour_columns(s, colour, error);
    if (c->colours == SIZE_MAX)
        return false;
    if (c->kind != AD_COLOUR_STAR)
        find_sources(s, c, source);
    return true;
}

ad_colouring *ad_colouring_new(const ad_sparsity *s, ad_colour kind, ad_error *error)
{
    if (!ad_sparsity_given(s, "colouring_new", error))
        return NULL;
    if ((int)kind < AD_COLOUR_COLUMNS || (int)kind > AD_COLOUR_STAR) {
        ad_fail(error, AD_MISUSE, "colouring_new: there is no kind %d", (int)kind);
        return NULL;
    }
    ad_colouring *c = take_colouring(s, kind, error);
    if (c && !colour_by_kind(s, c, error)) {
        ad_colouring_free(c);
        return NULL;
    }
    return c;
}

ad_status ad_colouring_seeds(const ad_colouring *c, double *seeds)
{
    if (!c || (c->count && !seeds))
        return AD_MISUSE;
    for (size_t i = 0; i < c->colours * c->count; i++)
        seeds[i] = 0;
    for (size_t i = 0; i < c->count; i++)
        seeds[c->colour[i] * c->count + i] = 1;
    return AD_OK;
}

ad_status ad_colouring_recover(const ad_colouring *c, const double *products, double *value)
{
    if (!c || (c->entries && (!products || !value)))
        return AD_MISUSE;
    for (size_t e = 0; e < c->entries; e++)
        value[e] = products[c->source[e]];
    return AD_OK;
}
