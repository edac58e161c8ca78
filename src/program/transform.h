/* Transformations of a program into one of its derivatives: a copy of it in a builder, on which derivatives are
 * built. */
#ifndef ADZE_PROGRAM_TRANSFORM_H
#define ADZE_PROGRAM_TRANSFORM_H

#include "program/slopes.h"

typedef struct ad_transform {
    const char *name; /* of the function, for messages */
    const ad_program *program;
    ad_builder build;
    ad_slopes slopes;
    uint32_t *place; /* [values] references of the copy; then [inputs] */
    bool *varies;    /* [values] it depends on an input that derivatives are by */
    size_t bytes;    /* of both */
} ad_transform;

/* Copies p, whose inputs are the first ones of the new program. by: as in derivatives.h. False with an error; end it
 * in any case. */
bool ad_transform_begin(ad_transform *t, const char *name, const ad_program *p, size_t more_inputs,
                        size_t count, const size_t *by, ad_error *error);
void ad_transform_end(ad_transform *t);

/* Input i of those that derivatives are by. */
static inline uint32_t ad_by(const size_t *by, size_t i)
{
    return (uint32_t)(by ? by[i] : i);
}

/* The derivative of the node of value v by operand k. */
uint32_t ad_transform_slope(ad_transform *t, uint32_t v, uint32_t k);

/* The adjoints of all values, from those of some, which they hold on entry. */
void ad_transform_reverse(ad_transform *t, ad_flow *adjoint);

/* The tangents of all values, [values, directions], from those of the inputs. */
void ad_transform_forward(ad_transform *t, size_t directions, ad_flow *tangent);

/* A list of flows, all nothing. NULL with an error. */
ad_flow *ad_transform_take(ad_transform *t, size_t count);
void ad_transform_give(ad_transform *t, ad_flow *flows, size_t count);

/* The value of a flow: 0 for nothing. */
uint32_t ad_transform_value(ad_transform *t, ad_flow flow);

#endif
