/* Sums over all ranks, in a tree of a fixed form. */
#include "mpi/exchange.h"

#include <string.h>

/* Bytes up to which each rank adds up everything by itself: of two ranks, and of all in more. */
enum { ALONE = 1 << 16, FEW = 1 << 15 };

/* Bytes that are added up, divided and looked at while they are in the nearest cache. */
enum { NEAR = 1 << 13 };

/* ---- who has what ---------------------------------------------------------------------- */

/* As in adze/model.h. */
static int64_t middle(int64_t lo, int64_t hi)
{
    return lo + (hi - lo + 1) / 2;
}

/* Rounded up, for so the tree halves: ranks of a power of two that divides the leaves have one
 * piece each. */
int64_t ad_first_leaf(int64_t leaves, int rank, int ranks)
{
    return leaves / ranks * rank + (leaves % ranks * rank + ranks - 1) / ranks;
}

/* Counts the pieces among some leaves, and notes them where there is room. */
static size_t collect(const ad_exchange *x, int64_t lo, int64_t hi, size_t at, int rank)
{
    while (x->bound[rank + 1] <= lo)
        rank++;
    if (hi <= x->bound[rank + 1]) {
        if (x->piece)
            x->piece[at] = (ad_piece){lo, hi, rank};
        return at + 1;
    }
    int64_t m = middle(lo, hi);
    return collect(x, m, hi, collect(x, lo, m, at, rank), rank);
}

static bool plan(ad_exchange *x, ad_error *error)
{
    int ranks = x->m->ranks;
    x->bound = ad_ranks_take(x->m, (size_t)ranks + 1, sizeof *x->bound, error);
    for (int i = 0; x->bound && i <= ranks; i++)
        x->bound[i] = ad_first_leaf(x->leaves, i, ranks);
    x->pieces = x->bound ? collect(x, 0, x->leaves, 0, 0) : 0;
    x->piece = x->bound ? ad_ranks_take(x->m, x->pieces, sizeof *x->piece, error) : NULL;
    if (!x->piece)
        return false;
    collect(x, 0, x->leaves, 0, 0);
    for (size_t i = 0; i < x->pieces; i++) {
        x->first_own += x->piece[i].rank < x->m->rank;
        x->own += x->piece[i].rank == x->m->rank;
    }
    return true;
}

/* Bytes of the result. */
typedef struct range {
    size_t begin, end;
} range;

static size_t segment_at(const ad_exchange *x, int rank)
{
    size_t units = x->packing.bytes / AD_PACK_UNIT, ranks = (size_t)x->m->ranks, i = (size_t)rank;
    size_t more = units % ranks;
    return (units / ranks * i + (i < more ? i : more)) * AD_PACK_UNIT;
}

/* Those that a rank adds up. */
static range segment(const ad_exchange *x, int rank)
{
    return x->whole ? (range){0, x->packing.bytes}
                    : (range){segment_at(x, rank), segment_at(x, rank + 1)};
}

/* Between two ranks as many bytes are sent either way, and among more ranks a few do not matter:
 * so there is one message less to wait for. */
static bool add_all(const ad_exchange *x)
{
    size_t bytes = x->packing.bytes, others = (size_t)x->m->ranks - 1;
    return others == 1 ? bytes <= ALONE : others > 1 && bytes <= FEW / (others + 1);
}

/* Parts of a block that lie in one place each, at most: between two long arrays there is one. */
static size_t most_stretches(const ad_exchange *x)
{
    size_t most = 2 * (x->block / AD_LONG_ARRAY) + 3;
    return x->places < most ? x->places + !x->places : most;
}

bool ad_exchange_begin(ad_exchange *x, ad_mpi *m, const char *name, ad_error *error)
{
    x->m = m;
    x->name = name;
    if (!plan(x, error))
        return false;
    x->whole = add_all(x);
    size_t bytes = x->packing.bytes, most = segment(x, 0).end, message = ad_message_bytes(m);
    x->block = message < most ? (message + AD_PACK_UNIT - 1) / AD_PACK_UNIT * AD_PACK_UNIT : most;
    x->mine = ad_ranks_take(m, x->own + !x->own, bytes, error);
    if (m->ranks == 1 || !x->mine)
        return x->mine;
    size_t others = (size_t)m->ranks - 1, first = x->pieces + x->own * others;
    x->added = ad_ranks_take(m, 1, most, error);
    x->part = x->added ? ad_ranks_take(m, x->pieces, x->block, error) : NULL;
    return x->part &&
           ad_flight_begin(&x->flight, m,
                           (first > 2 * others ? first : 2 * others) * most_stretches(x), error);
}

/* ---- places ---------------------------------------------------------------------------- */

/* The last place that begins at a byte or before it. */
static const ad_place *place_of(const ad_exchange *x, size_t byte)
{
    size_t lo = 0, hi = x->places;
    while (hi - lo > 1) {
        size_t m = lo + (hi - lo) / 2;
        *(x->place[m].begin <= byte ? &lo : &hi) = m;
    }
    return &x->place[lo];
}

/* Where a byte of a piece lies, or of what is made of it. */
typedef char *memory_at(const ad_exchange *x, size_t piece, size_t byte);

/* One of this rank's pieces. */
static char *own_at(const ad_exchange *x, size_t piece, size_t byte)
{
    if (!x->place || piece > 0)
        return x->mine + piece * x->packing.bytes + byte;
    const ad_place *p = place_of(x, byte);
    return p->at + (byte - p->begin);
}

/* The block at hand of another rank's piece, or of a sum that begins with a piece of this rank. */
static char *part_at(const ad_exchange *x, size_t piece, size_t byte)
{
    return x->part + piece * x->block + (byte - x->base);
}

static char *added_at(const ad_exchange *x, size_t piece, size_t byte)
{
    (void)piece;
    return x->added + (byte - segment(x, x->m->rank).begin);
}

/* The first bytes of a range that lie in one place, which are taken from it. */
static range stretch(const ad_exchange *x, range *left, size_t most)
{
    range r = *left;
    if (x->place) {
        const ad_place *next = place_of(x, r.begin) + 1;
        if (next < x->place + x->places && next->begin < r.end)
            r.end = next->begin;
    }
    if (r.end - r.begin > most)
        r.end = r.begin + most;
    left->begin = r.end;
    return r;
}

/* ---- adding up ------------------------------------------------------------------------- */

#define ARITHMETIC(T, suffix)                                        \
    static void add_##suffix(size_t n, T *y, const T *a, const T *b) \
    {                                                                \
        for (size_t i = 0; i < n; i++)                               \
            y[i] = a[i] + b[i];                                      \
    }                                                                \
    static void divide_##suffix(size_t n, T *y, T divisor, T share)  \
    {                                                                \
        for (size_t i = 0; share != 0 && i < n; i++)                 \
            y[i] *= share;                                           \
        for (size_t i = 0; share == 0 && i < n; i++)                 \
            y[i] /= divisor;                                         \
    }
ARITHMETIC(float, f32)
ARITHMETIC(double, f64)
#undef ARITHMETIC

/* Those of a rank's segment that are under way when each has done so many of its own. */
static range block_of(const ad_exchange *x, int rank, size_t done)
{
    range all = segment(x, rank);
    size_t begin = all.begin + done, end = all.end;
    if (begin > end)
        begin = end;
    return (range){begin, end - begin > x->block ? begin + x->block : end};
}

/* How many of a range are of f64. */
static size_t f64_of(const ad_exchange *x, range r)
{
    size_t end = x->packing.f64;
    return r.begin >= end ? 0 : (r.end < end ? r.end : end) - r.begin;
}

static void add(const ad_exchange *x, range r, char *to, const char *a, const char *b)
{
    size_t f64 = f64_of(x, r);
    add_f64(f64 / sizeof(double), (void *)to, (const void *)a, (const void *)b);
    add_f32((r.end - r.begin - f64) / sizeof(float), (void *)(to + f64), (const void *)(a + f64),
            (const void *)(b + f64));
}

/* A quotient by a power of two is the product with its inverse, to the bit, and that is faster. */
static void divide(const ad_exchange *x, range r, char *to)
{
    int ranks = x->m->ranks;
    size_t f64 = f64_of(x, r);
    double divisor = ranks, share = (ranks & (ranks - 1)) == 0 ? 1 / divisor : 0;
    divide_f64(f64 / sizeof(double), (void *)to, divisor, share);
    divide_f32((r.end - r.begin - f64) / sizeof(float), (void *)(to + f64), (float)divisor,
               (float)share);
}

static const char *stretch_at(const ad_exchange *x, range r, size_t i)
{
    return x->piece[i].rank == x->m->rank ? own_at(x, i - x->first_own, r.begin)
                                          : part_at(x, i, r.begin);
}

/* The sum of leaves lo to hi - 1, whose pieces begin with number *at. It is made in the room
 * that its first piece has among the parts, or in the one that is given. */
static const char *sum(const ad_exchange *x, range r, int64_t lo, int64_t hi, size_t *at, char *to)
{
    const ad_piece *p = &x->piece[*at];
    if (p->lo == lo && p->hi == hi)
        return stretch_at(x, r, (*at)++);
    int64_t m = middle(lo, hi);
    if (!to)
        to = part_at(x, *at, r.begin);
    const char *left = sum(x, r, lo, m, at, NULL), *right = sum(x, r, m, hi, at, NULL);
    add(x, r, to, left, right);
    return to;
}

static void add_pieces(ad_exchange *x, range r)
{
    double start = MPI_Wtime();
    while (r.begin < r.end) {
        range some = stretch(x, &r, NEAR);
        char *to = added_at(x, 0, some.begin);
        size_t at = 0, bytes = some.end - some.begin;
        const char *all = sum(x, some, 0, x->leaves, &at, to);
        if (all != to)
            memcpy(to, all, bytes);
        if (x->mean)
            divide(x, some, to);
        x->infinite = x->infinite || !ad_numbers_finite(to, f64_of(x, some), bytes);
    }
    x->m->info.adding += MPI_Wtime() - start;
}

/* ---- messages -------------------------------------------------------------------------- */

static bool wait(ad_exchange *x)
{
    double start = MPI_Wtime();
    bool good = ad_flight_wait(&x->flight, x->name);
    x->m->info.sending += MPI_Wtime() - start;
    return good;
}

static void receive(ad_exchange *x, int from, memory_at *at, size_t piece, range r)
{
    while (r.begin < r.end) {
        range some = stretch(x, &r, SIZE_MAX);
        ad_flight_receive(&x->flight, from, at(x, piece, some.begin), some.end - some.begin);
    }
}

static void send(ad_exchange *x, int to, memory_at *at, size_t piece, range r)
{
    while (r.begin < r.end) {
        range some = stretch(x, &r, SIZE_MAX);
        ad_flight_send(&x->flight, to, at(x, piece, some.begin), some.end - some.begin);
    }
}

static void write_sum(const ad_exchange *x, range r)
{
    double start = MPI_Wtime();
    while (r.begin < r.end) {
        range some = stretch(x, &r, SIZE_MAX);
        memcpy(own_at(x, 0, some.begin), added_at(x, 0, some.begin), some.end - some.begin);
    }
    x->m->info.adding += MPI_Wtime() - start;
}

/* Each rank gets all pieces of its block, and adds them up. */
static bool add_block(ad_exchange *x, size_t done)
{
    const ad_mpi *m = x->m;
    range r = block_of(x, m->rank, done);
    x->base = r.begin;
    for (size_t i = 0; i < x->pieces; i++)
        if (x->piece[i].rank != m->rank)
            receive(x, x->piece[i].rank, part_at, i, r);
    for (int k = 1; k < m->ranks; k++) {
        int to = (m->rank + k) % m->ranks;
        for (size_t i = 0; i < x->own; i++)
            send(x, to, own_at, i, block_of(x, to, done));
    }
    if (!wait(x))
        return false;
    add_pieces(x, r);
    return true;
}

/* And sends the sum to all. */
static bool share_block(ad_exchange *x, size_t done)
{
    const ad_mpi *m = x->m;
    range r = block_of(x, m->rank, done);
    for (int k = 1; k < m->ranks; k++) {
        int from = (m->rank + m->ranks - k) % m->ranks;
        receive(x, from, own_at, 0, block_of(x, from, done));
    }
    for (int k = 1; k < m->ranks; k++)
        send(x, (m->rank + k) % m->ranks, added_at, 0, r);
    write_sum(x, r);
    return wait(x);
}

static void look(ad_exchange *x)
{
    range r = {0, x->packing.bytes};
    while (r.begin < r.end) {
        range some = stretch(x, &r, SIZE_MAX);
        x->infinite = x->infinite || !ad_numbers_finite(own_at(x, 0, some.begin), f64_of(x, some),
                                                        some.end - some.begin);
    }
}

/* Of one rank the first piece is the sum. */
bool ad_exchange_add(ad_exchange *x)
{
    bool good = true;
    if (x->m->ranks == 1)
        look(x);
    for (size_t done = 0; good && x->m->ranks > 1 && done < segment(x, 0).end; done += x->block)
        good = add_block(x, done);
    return good;
}

bool ad_exchange_share(ad_exchange *x)
{
    bool good = true;
    if (x->whole)
        x->mine = x->added;
    for (size_t done = 0; good && !x->whole && x->m->ranks > 1 && done < segment(x, 0).end;
         done += x->block)
        good = share_block(x, done);
    return good;
}
