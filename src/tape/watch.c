/* Checks numbers as they are computed. The first that is infinite or NaN is reported where it
 * arises, with the operands of the operation.
 *
 * A float is infinite or NaN if all bits of its exponent are set. Then adding one to that field
 * carries into the sign. So a plain loop of integer operations, which compilers vectorise,
 * collects the answer in one bit. */
#include "tape/watch.h"

#include "array/strided.h"
#include "array/text.h"
#include "tape/failure.h"
#include "tape/show.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define ALL_FINITE(isa, T, name, exponent, one)                             \
    AD_TARGET_##isa static bool name##_##isa(const char *numbers, size_t n) \
    {                                                                       \
        T seen = 0;                                                         \
        for (size_t i = 0; i < n; i++) {                                    \
            T bits;                                                         \
            memcpy(&bits, numbers + i * sizeof bits, sizeof bits);          \
            seen |= (bits & (exponent)) + (one);                            \
        }                                                                   \
        return !(seen >> (8 * sizeof seen - 1));                            \
    }
#define ALL_FINITE_F32(isa) ALL_FINITE(isa, uint32_t, f32, 0x7f800000u, 0x00800000u)
#define ALL_FINITE_F64(isa) ALL_FINITE(isa, uint64_t, f64, 0x7ff0000000000000u, 0x0010000000000000u)
AD_ISA_LIST(ALL_FINITE_F32)
AD_ISA_LIST(ALL_FINITE_F64)
#undef ALL_FINITE

bool ad_all_finite(ad_isa isa, unsigned type, const void *numbers, size_t count)
{
#define BOTH(isa) [AD_ISA_##isa] = {[AD_F32] = f32_##isa, [AD_F64] = f64_##isa},
    static bool (*const all_finite[AD_ISA_COUNT][AD_TYPE_COUNT])(const char *,
                                                                 size_t) = {AD_ISA_LIST(BOTH)};
#undef BOTH
    return !all_finite[isa][type] || all_finite[isa][type](numbers, count);
}

/* ---- the message -------------------------------------------------------------------- */

static void add_number(ad_text *text, double number)
{
    if (isnan(number)) /* whose sign says nothing */
        ad_text_add(text, "nan");
    else
        ad_text_add(text, "%g", number);
}

/* The index of the i-th number, row by row. */
static ad_shape index_of(const ad_shape *shape, size_t i)
{
    ad_shape at = {.rank = shape->rank};
    for (int k = shape->rank - 1; k >= 0; k--) {
        at.dim[k] = (int64_t)(i % (size_t)shape->dim[k]);
        i /= (size_t)shape->dim[k];
    }
    return at;
}

static size_t first_bad(const ad_view *v)
{
    size_t i = 0, n = ad_view_count(v);
    while (i < n && isfinite(ad_view_get(v, i)))
        i++;
    return i;
}

/* The number of v that belongs to an index of a shape to which v broadcasts; false if
 * it does not. */
static bool beside(const ad_view *v, const ad_shape *shape, const ad_shape *at, double *number)
{
    size_t i = 0;
    int shift = shape->rank - v->shape.rank;
    for (int k = 0; k < v->shape.rank; k++) {
        int64_t dim = v->shape.dim[k];
        if (shift < 0 || (dim != shape->dim[k + shift] && dim != 1))
            return false;
        i = i * (size_t)dim + (size_t)(dim == 1 ? 0 : at->dim[k + shift]);
    }
    *number = ad_view_get(v, i);
    return true;
}

/* Adds the number of a value at this index, or its first bad number and the index of that. */
static void tell(ad_text *text, const char *name, const ad_view *v, const ad_view *bad,
                 const ad_shape *at)
{
    double number;
    size_t i = 0;
    if (beside(v, &bad->shape, at, &number)) {
        ad_text_add(text, "; %s there is ", name);
        add_number(text, number);
    } else if ((i = first_bad(v)) < ad_view_count(v)) {
        ad_shape index = index_of(&v->shape, i);
        ad_text_add(text, "; %s is ", name);
        add_number(text, ad_view_get(v, i));
        ad_text_add(text, " at ");
        ad_text_add_shape(text, &index);
    }
}

static void tell_operands(ad_text *text, const ad_tape *t, const ad_outcome *o, const ad_shape *at)
{
    for (uint32_t k = 0; k < o->n->arity; k++) {
        char part[64];
        ad_text name = ad_text_in(part, sizeof part);
        const char *label = t->nodes[o->operands[k]]->label;
        ad_text_add(&name, "x[%u]", k);
        if (label)
            ad_text_add(&name, " \"%s\"", label);
        tell(text, part, &o->x[k], &o->numbers, at);
    }
    uint32_t results = ad_node_results(o->n);
    for (uint32_t k = 0; o->dys && k < results; k++) {
        char name[32];
        snprintf(name, sizeof name, results > 1 ? "dy[%u]" : "dy", k);
        if (o->dys[k].data)
            tell(text, name, &o->dys[k], &o->numbers, at);
    }
}

bool ad_not_finite(ad_tape *t, const ad_outcome *o)
{
    char line[sizeof t->error.text], call[256];
    ad_text text = ad_text_in(line, sizeof line);
    size_t i = first_bad(&o->numbers);
    ad_shape at = index_of(&o->numbers.shape, i);
    ad_call_print(o->n->op->name, (int)o->n->arity, o->x, call, sizeof call);
    ad_text_add(&text, "%s%s", ad_rule_prefix(o->rule), call);
    ad_node_add_names(&text, o->n);
    ad_text_add(&text, ": %s", o->what);
    if (o->operand >= 0)
        ad_text_add(&text, " of x[%d]", o->operand);
    if (o->result >= 0)
        ad_text_add(&text, " of result %d", o->result);
    ad_text_add(&text, " at ");
    ad_text_add_shape(&text, &at);
    ad_text_add(&text, " is ");
    add_number(&text, ad_view_get(&o->numbers, i));
    tell_operands(&text, t, o, &at);
    ad_tape_at_line(t, NULL); /* which the text has, behind the label */
    ad_tape_fail(t, AD_NOT_FINITE, "%s", line);
    return false;
}
