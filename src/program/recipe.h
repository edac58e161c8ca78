/* Derivatives of operations as operations: made from the text of an expression (op.h: slope), once, and then built
 * as often as the operation stands in a program. */
#ifndef ADZE_PROGRAM_RECIPE_H
#define ADZE_PROGRAM_RECIPE_H

#include "program/build.h"

enum {
    AD_RECIPE_STEPS = 64,
    AD_RECIPE_CONSTANTS = 16,
    AD_RECIPE_RESULT = 3, /* as an operand: 0 to 2 are those of the operation, this is its result */
    AD_RECIPE_FIRST = 4   /* and these are the steps; constants have AD_BUILD_CONSTANT */
};

typedef struct ad_recipe {
    ad_program_node step[AD_RECIPE_STEPS];
    double constant[AD_RECIPE_CONSTANTS];
    uint32_t steps, constants;
    uint32_t value; /* an operand, a step or a constant */
} ad_recipe;

/* An expression in C of the operands x, or a, b and c, and of the result y. Operators are + - * / ! < <= > >= ==
 * != && || ?:, functions are operations of programs, the macros of ops/elementwise/expressions.h that stand for
 * some, and constants by name. False if it is none. */
bool ad_recipe_parse(const char *text, ad_recipe *recipe);

/* Its value for these operands and this result. */
uint32_t ad_recipe_build(ad_builder *b, const ad_recipe *recipe, const uint32_t *operand,
                         uint32_t result);

#endif
