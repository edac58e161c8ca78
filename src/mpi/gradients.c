/* Gradients of all ranks together. */
#include "mpi/agreement.h"
#include "mpi/exchange.h"

#include <string.h>

/* ---- what both calls have in common ---------------------------------------------------- */

/* Where the bytes of each kind end there may be some that no number fills; they are added up as
 * well. */
static void clear_ends(const ad_packing *p, char *packed)
{
    if (p->f64)
        memset(packed + p->f64 - AD_PACK_UNIT, 0, AD_PACK_UNIT);
    if (p->bytes > p->f64)
        memset(packed + p->bytes - AD_PACK_UNIT, 0, AD_PACK_UNIT);
}

/* Sums that are not finite are written nowhere. */
static bool exchange(ad_exchange *x, ad_session *s, ad_look *look, void *user)
{
    bool good = ad_exchange_add(x);
    if (good && !ad_session_finite(s, x->infinite, x->whole, look, user))
        return false;
    good = good && ad_exchange_share(x);
    if (!good)
        s->error = s->m->lost;
    return good;
}

/* ---- the mean over rows ---------------------------------------------------------------- */

typedef struct job {
    const ad_tree *tree;
    ad_tape *tape;
    ad_model_map *map;
    const void *model;
    int inputs;
    const ad_view *data;
    const ad_rows_options *given;
    const void *env;
    void *target;
    ad_rows_options options;
    ad_rows_part part;
    ad_rows_cut cut;
    ad_exchange x;
    ad_array *arrays; /* [tree->arrays], over packed memory */
    ad_fresh fresh;
} job;

static const char name[] = "value_with_gradient";

/* The part that is given says which rows are here. */
static ad_status cut(job *j, ad_error *error)
{
    ad_status status = ad_cut_rows(j->inputs, j->data, j->given, &j->cut, error);
    if (status != AD_OK)
        return status;
    j->options = (ad_rows_options){.size = sizeof j->options};
    if (j->given)
        memcpy(&j->options, j->given,
               j->given->size < sizeof j->options ? j->given->size : sizeof j->options);
    j->options.size = sizeof j->options;
    j->part = (ad_rows_part){.size = sizeof j->part, .rows = j->cut.rows};
    const ad_rows_part *held = j->options.part;
    if (held && (held->begin || held->end))
        return ad_fail(error, AD_MISUSE, "%s: .begin and .end of the part must be 0", name);
    if (held)
        j->part.first = held->first;
    j->options.part = &j->part;
    j->x.leaves = j->cut.groups;
    return AD_OK;
}

static bool prepare(job *j, ad_session *s)
{
    ad_error *error = &s->error;
    size_t arrays;
    if (error->status != AD_OK || ad_fields_given(j->tree, j->model, name, error) != AD_OK ||
        ad_fields_given(j->tree, j->target, name, error) != AD_OK ||
        ad_packing_of(j->tree, j->model, 1, name, &j->x.packing, error) != AD_OK ||
        cut(j, error) != AD_OK)
        return false;
    arrays = j->tree->arrays;
    memcpy(s->own.number, (int64_t[]){j->cut.rows, j->cut.slices, j->cut.groups},
           sizeof s->own.number);
    j->arrays = ad_ranks_take(s->m, arrays, sizeof *j->arrays, error);
    return j->arrays && ad_exchange_begin(&j->x, s->m, name, error) &&
           ad_fresh_begin(&j->fresh, s->m, j->tree, j->model, j->target, name, error) == AD_OK;
}

/* Writes the value and the gradient of a piece to where it is sent from. */
static ad_status take_piece(job *j, size_t i)
{
    double value = 0;
    char *packed = j->x.mine + i * j->x.packing.bytes;
    const ad_piece *p = &j->x.piece[j->x.first_own + i];
    clear_ends(&j->x.packing, packed);
    ad_packed_arrays(j->tree, j->model, 1, &j->x.packing, packed, j->arrays);
    j->part.begin = p->lo;
    j->part.end = p->hi;
    ad_status status =
        ad_model_value_with_gradient_over_rows(j->tree, j->tape, j->map, j->model, j->inputs,
                                               j->data, &j->options, j->env, &value, j->arrays);
    memcpy(packed, &value, sizeof value);
    return status;
}

static void compute(job *j, ad_session *s)
{
    ad_status status = ad_tape_status(j->tape);
    for (size_t i = 0; status == AD_OK && i < j->x.own; i++)
        status = take_piece(j, i);
    if (status != AD_OK)
        ad_fail(&s->error, status, "%s", ad_tape_error(j->tape));
}

static void look_at_pieces(void *user, ad_error *error)
{
    job *j = user;
    for (size_t i = 0; error->status == AD_OK && i < j->x.own; i++) {
        double value;
        char *packed = j->x.mine + i * j->x.packing.bytes;
        memcpy(&value, packed, sizeof value);
        ad_packed_arrays(j->tree, j->model, 1, &j->x.packing, packed, j->arrays);
        if (!(value - value == 0))
            ad_fail(error, AD_NOT_FINITE, "%s: the value is %g", name, value);
        ad_fields_finite(j->tree, j->arrays, name, error);
    }
}

static void deliver(job *j, double *value)
{
    if (value)
        memcpy(value, j->x.mine, sizeof *value);
    ad_packed_arrays(j->tree, j->model, 1, &j->x.packing, j->x.mine, j->arrays);
    ad_fresh_write(&j->fresh, j->arrays);
}

static void run(job *j, ad_session *s, double *value)
{
    if (prepare(j, s)) {
        ad_session_compare(s, j->tree, j->model, false);
        compute(j, s);
    }
    if (!ad_session_agree(s) || !exchange(&j->x, s, look_at_pieces, j))
        return;
    double start = MPI_Wtime();
    deliver(j, value);
    s->m->info.adding += MPI_Wtime() - start;
}

ad_status ad_mpi_value_with_gradient(ad_mpi *m, const ad_tree *tree, ad_tape *t, ad_model_map *map,
                                     const void *model, int inputs, const ad_view *data,
                                     const ad_rows_options *options, const void *env, double *value,
                                     void *gradient, ad_error *error)
{
    ad_session s;
    job j = {.tree = tree,
             .tape = t,
             .map = map,
             .model = model,
             .inputs = inputs,
             .data = data,
             .given = options,
             .env = env,
             .target = gradient};
    if (!m)
        return ad_fail(error, AD_MISUSE, "%s: m is NULL", name);
    ad_session_begin(&s, m, AD_CALL_VALUE_WITH_GRADIENT, error);
    run(&j, &s, value);
    ad_fresh_drop(&j.fresh);
    return ad_session_end(&s, error);
}

/* ---- the mean over ranks --------------------------------------------------------------- */

typedef struct averaging {
    const ad_tree *tree;
    ad_array *gradient, *packed; /* [tree->arrays]; packed: over x.mine */
    ad_exchange x;
    bool copied; /* no array stays where it is */
} averaging;

static size_t bytes_of(const ad_array *a)
{
    return ad_array_count(a) * ad_type_size(a->type);
}

static bool is_long(const ad_array *a)
{
    return bytes_of(a) >= AD_LONG_ARRAY;
}

static bool stays(const averaging *a, size_t i)
{
    return is_long(&a->gradient[i]) && !a->copied;
}

/* Two messages must not be written to one piece of memory. */
static bool any_overlap(const averaging *a)
{
    bool any = false;
    for (size_t i = 0; i < a->tree->arrays; i++)
        for (size_t k = 0; k < i && is_long(&a->gradient[i]); k++) {
            const ad_array *b = &a->gradient[i], *c = &a->gradient[k];
            uintptr_t x = (uintptr_t)b->data, y = (uintptr_t)c->data;
            any = any || (is_long(c) && (x < y ? y - x < bytes_of(b) : x - y < bytes_of(c)));
        }
    return any;
}

static void add_place(ad_exchange *x, size_t begin, char *at)
{
    if (x->places && x->place[x->places - 1].begin == begin)
        x->places--;
    x->place[x->places++] = (ad_place){begin, at};
}

/* What lies between long arrays is packed. */
static void find_places(averaging *a)
{
    ad_exchange *x = &a->x;
    x->places = 0;
    add_place(x, 0, x->mine);
    for (int k = 0; k < 2; k++)
        for (size_t i = 0; i < a->tree->arrays; i++) {
            const ad_array *own = &a->gradient[i];
            if (own->type != (k ? AD_F32 : AD_F64) || !is_long(own))
                continue;
            char *packed = a->packed[i].data, *end = packed + bytes_of(own);
            add_place(x, (size_t)(packed - x->mine), stays(a, i) ? own->data : packed);
            add_place(x, (size_t)(end - x->mine), end);
        }
}

static bool begin_exchange(averaging *a, ad_session *s)
{
    ad_exchange *x = &a->x;
    size_t arrays = a->tree->arrays;
    x->leaves = s->m->ranks;
    x->mean = true;
    x->places = 1;
    for (size_t i = 0; i < arrays; i++)
        x->places += is_long(&a->gradient[i]) ? 2 : 0;
    x->place = ad_ranks_take(s->m, x->places, sizeof *x->place, &s->error);
    a->packed = x->place ? ad_ranks_take(s->m, arrays, sizeof *a->packed, &s->error) : NULL;
    return a->packed && ad_exchange_begin(x, s->m, s->name, &s->error);
}

static void prepare_average(averaging *a, ad_session *s)
{
    ad_error *error = &s->error;
    if (error->status != AD_OK || ad_fields_given(a->tree, a->gradient, s->name, error) != AD_OK ||
        ad_packing_of(a->tree, a->gradient, 0, s->name, &a->x.packing, error) != AD_OK ||
        !begin_exchange(a, s))
        return;
    a->copied = a->x.whole || any_overlap(a);
    clear_ends(&a->x.packing, a->x.mine);
    ad_packed_arrays(a->tree, a->gradient, 0, &a->x.packing, a->x.mine, a->packed);
    find_places(a);
    for (size_t i = 0; i < a->tree->arrays; i++)
        if (!stays(a, i))
            ad_array_write(&a->packed[i], ad_array_view(a->gradient[i]), NULL);
    ad_session_compare(s, a->tree, a->gradient, false);
}

static void look_at_gradient(void *user, ad_error *error)
{
    const averaging *a = user;
    ad_fields_finite(a->tree, a->gradient, "average", error);
}

static void run_average(averaging *a, ad_session *s)
{
    double start = MPI_Wtime();
    prepare_average(a, s);
    s->m->info.adding += MPI_Wtime() - start;
    if (!ad_session_agree(s) || !exchange(&a->x, s, look_at_gradient, a))
        return;
    start = MPI_Wtime();
    ad_packed_arrays(a->tree, a->gradient, 0, &a->x.packing, a->x.mine, a->packed);
    for (size_t i = 0; i < a->tree->arrays; i++)
        if (!stays(a, i))
            ad_array_write(&a->gradient[i], ad_array_view(a->packed[i]), NULL);
    s->m->info.adding += MPI_Wtime() - start;
}

ad_status ad_mpi_average(ad_mpi *m, const ad_tree *tree, void *gradient, ad_error *error)
{
    ad_session s;
    averaging a = {.tree = tree, .gradient = gradient};
    if (!m)
        return ad_fail(error, AD_MISUSE, "average: m is NULL");
    ad_session_begin(&s, m, AD_CALL_AVERAGE, error);
    run_average(&a, &s);
    return ad_session_end(&s, error);
}
