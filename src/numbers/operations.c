/* Recording operations in the place of partial derivatives. */
#include "numbers/operations.h"

#include <math.h>
#include <string.h>

/* One more element of a list, or NULL with an error. */
static void *append(ad_reals *r, ad_growing *list, size_t size)
{
    if (list->count == list->room && !ad_reals_grow(r, list, list->count + 1, size, true))
        return NULL;
    return (char *)list->at + list->count++ * size;
}

/* ---- names -------------------------------------------------------------------------- */

/* Names are few, and mostly literals that are the same each time: they are looked for by address, from the one
 * used last. False with an error. */
static bool find_name(ad_reals *r, const char *name, uint32_t *place)
{
    const char **names = r->operation_names.at;
    for (size_t i = r->operation_names.count; i-- > 0;)
        if (names[i] == name) {
            *place = (uint32_t)i;
            return true;
        }
    const char **next = append(r, &r->operation_names, sizeof *names);
    if (!next)
        return false;
    *next = name;
    *place = (uint32_t)(r->operation_names.count - 1);
    return true;
}

/* ---- operations --------------------------------------------------------------------- */

/* The number made by the operation that comes next. */
static ad_real write_operation(ad_reals *r, double value, ad_operation operation)
{
    if (ad_reals_index(r) >= AD_OPERATION_CONSTANT - 1) {
        ad_reals_fail(r, AD_TOO_LARGE, "recorder", "it has room for 2^31 - 1 operations");
        return ad_reals_nan(r);
    }
    ad_operation *next = append(r, &r->operations, sizeof operation);
    if (!next)
        return ad_reals_nan(r);
    *next = operation;
    ad_real y = {&r->head, value, r->head.next++};
    ad_reals_close(r);
    return y;
}

/* False with an error. */
static bool find_operand(ad_reals *r, ad_real x, uint32_t *operand)
{
    *operand = ad_real_index(x);
    if (x.on)
        return true;
    double *constant = append(r, &r->operation_constants, sizeof *constant);
    if (!constant)
        return false;
    *constant = x.value;
    *operand = (uint32_t)(r->operation_constants.count - 1) | AD_OPERATION_CONSTANT;
    return true;
}

ad_real ad_reals_operation_input(ad_reals *r, double value)
{
    return write_operation(r, value, (ad_operation){AD_OPERATION_INPUT, r->operation_inputs++, 0});
}

ad_real ad_reals_operation(ad_reals *r, const char *name, double value, size_t n, const ad_real *x)
{
    ad_operation operation = {.kind = AD_OPERATION_NAMED};
    uint32_t place = 0, operand[AD_SHORT_MOST] = {0};
    bool good = find_name(r, name, &place);
    for (size_t i = 0; i < n; i++)
        good = good && find_operand(r, x[i], &operand[i]);
    if (good && n > 2)
        write_operation(r, value, (ad_operation){AD_OPERATION_THIRD, operand[2], 0});
    if (good && r->keep & AD_KEEP_FINITE && !isfinite(value))
        ad_reals_fail(r, AD_NOT_FINITE, name, "the value is %g", value);
    if (!good || r->error.status != AD_OK)
        return ad_reals_nan(r);
    operation.kind += place;
    operation.a = operand[0];
    operation.b = operand[1];
    return write_operation(r, value, operation);
}

void ad_reals_operation_guard(ad_reals *r, ad_real comparison, bool outcome)
{
    const char **line = append(r, &r->operation_lines, sizeof *line);
    if (!line)
        return;
    *line = r->head.source_line;
    write_operation(r, outcome,
                    (ad_operation){AD_OPERATION_GUARD, ad_real_index(comparison), outcome});
}

void ad_reals_shrink_operations(ad_reals *r)
{
    if (r->operations.count)
        return;
    ad_reals_shrink(r, &r->operations, sizeof(ad_operation));
    ad_reals_shrink(r, &r->operation_constants, sizeof(double));
    ad_reals_shrink(r, &r->operation_names, sizeof(char *));
    ad_reals_shrink(r, &r->operation_lines, sizeof(char *));
}
