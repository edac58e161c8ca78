/* The derivatives of operations, in a transformation of a program. */
#ifndef ADZE_PROGRAM_SLOPES_H
#define ADZE_PROGRAM_SLOPES_H

#include "program/recipe.h"

typedef struct ad_slopes {
    ad_builder *build;
    ad_recipe *recipe[AD_PROGRAM_OP_COUNT][3]; /* those that were asked for */
} ad_slopes;

/* The text of the derivative of an operation by operand k. */
const char *ad_slope_text(uint32_t op, uint32_t k);

void ad_slopes_end(ad_slopes *s);

/* A derivative on its way: the value, and whether it may be exactly 0 because something was not chosen.
 * AD_NO_VALUE: nothing, which is 0. */
typedef struct ad_flow {
    uint32_t value;
    bool masked;
} ad_flow;

/* The derivative of an operation by operand k. */
uint32_t ad_slope_by(ad_slopes *s, uint32_t op, uint32_t k, const uint32_t *operand,
                     uint32_t result);

/* What flows past a derivative, in either direction: g times it. What vanishes beats what grows without bound: where
 * a choice has left 0, an infinite derivative beside it does not count. */
ad_flow ad_flow_multiply(ad_builder *b, ad_flow g, uint32_t slope);

/* The sum of two, either of which may be nothing. */
ad_flow ad_flow_add(ad_builder *b, ad_flow x, ad_flow y);

#endif
