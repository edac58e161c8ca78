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

/* All ranks see the same sum; then each looks at its own pieces, for one has the name. */
static bool finite(job *j, ad_session *s)
{
    if (ad_packed_finite(&j->x.packing, j->x.result))
        return true;
    for (size_t i = 0; s->error.status == AD_OK && i < j->x.own; i++) {
        double value;
        char *packed = j->x.mine + i * j->x.packing.bytes;
        memcpy(&value, packed, sizeof value);
        ad_packed_arrays(j->tree, j->model, 1, &j->x.packing, packed, j->arrays);
        if (!(value - value == 0))
            ad_fail(&s->error, AD_NOT_FINITE, "%s: the value is %g", name, value);
        ad_fields_finite(j->tree, j->arrays, name, &s->error);
    }
    if (ad_session_agree(s))
        ad_fail(&s->error, AD_NOT_FINITE, "rank 0: %s: the sum over all ranks overflows", name);
    return false;
}

static void deliver(job *j, double *value)
{
    if (value)
        memcpy(value, j->x.result, sizeof *value);
    ad_packed_arrays(j->tree, j->model, 1, &j->x.packing, j->x.result, j->arrays);
    ad_fresh_write(&j->fresh, j->arrays);
}

static void run(job *j, ad_session *s, double *value)
{
    if (prepare(j, s)) {
        ad_session_compare(s, j->tree, j->model, false);
        compute(j, s);
    }
    if (!ad_session_agree(s))
        return;
    if (!ad_exchange_run(&j->x)) {
        s->error = s->m->lost;
        return;
    }
    double start = MPI_Wtime();
    if (finite(j, s))
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

static bool prepare_average(ad_exchange *x, ad_session *s, const ad_tree *tree,
                            const ad_array *gradient, ad_array **arrays)
{
    ad_error *error = &s->error;
    if (error->status != AD_OK || ad_fields_given(tree, gradient, s->name, error) != AD_OK ||
        ad_packing_of(tree, gradient, 0, s->name, &x->packing, error) != AD_OK)
        return false;
    x->leaves = s->m->ranks;
    x->mean = true;
    *arrays = ad_ranks_take(s->m, tree->arrays, sizeof **arrays, error);
    if (!*arrays || !ad_exchange_begin(x, s->m, s->name, error))
        return false;
    clear_ends(&x->packing, x->mine);
    ad_packed_arrays(tree, gradient, 0, &x->packing, x->mine, *arrays);
    for (size_t i = 0; i < tree->arrays; i++)
        ad_array_write(&(*arrays)[i], ad_array_view(gradient[i]), NULL);
    return true;
}

static void run_average(ad_exchange *x, ad_session *s, const ad_tree *tree, ad_array *gradient)
{
    ad_array *arrays = NULL;
    double start = MPI_Wtime();
    if (prepare_average(x, s, tree, gradient, &arrays))
        ad_session_compare(s, tree, gradient, false);
    s->m->info.adding += MPI_Wtime() - start;
    if (!ad_session_agree(s))
        return;
    if (!ad_exchange_run(x)) {
        s->error = s->m->lost;
        return;
    }
    start = MPI_Wtime();
    if (ad_packed_finite(&x->packing, x->result)) {
        ad_packed_arrays(tree, gradient, 0, &x->packing, x->result, arrays);
        for (size_t i = 0; i < tree->arrays; i++)
            ad_array_write(&gradient[i], ad_array_view(arrays[i]), NULL);
    } else {
        ad_fields_finite(tree, gradient, s->name, &s->error);
        if (ad_session_agree(s))
            ad_fail(&s->error, AD_NOT_FINITE, "rank 0: %s: the sum over all ranks overflows",
                    s->name);
    }
    s->m->info.adding += MPI_Wtime() - start;
}

ad_status ad_mpi_average(ad_mpi *m, const ad_tree *tree, void *gradient, ad_error *error)
{
    ad_session s;
    ad_exchange x = {0};
    if (!m)
        return ad_fail(error, AD_MISUSE, "average: m is NULL");
    ad_session_begin(&s, m, AD_CALL_AVERAGE, error);
    run_average(&x, &s, tree, gradient);
    return ad_session_end(&s, error);
}
