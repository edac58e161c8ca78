/* Which derivatives of operations are 0 everywhere. */
#include "program/linearity.h"

/* The recipe of a derivative; false if there is none: then it may be anything. */
static bool read_recipe(uint32_t op, uint32_t k, ad_recipe *recipe)
{
    const char *text = ad_slope_text(op, k);
    *recipe = (ad_recipe){0};
    return text && ad_recipe_parse(text, recipe);
}

static bool is_zero(const ad_recipe *r)
{
    return r->value & AD_BUILD_CONSTANT && r->constant[r->value & ~AD_BUILD_CONSTANT] == 0;
}

uint8_t ad_linearity_read_first(ad_linearity *l, uint32_t op)
{
    ad_recipe recipe;
    uint8_t first = 0;
    for (uint32_t k = 0; k < ad_program_ops[op].arity && op != AD_PROGRAM_guard; k++)
        if (!read_recipe(op, k, &recipe) || !is_zero(&recipe))
            first |= (uint8_t)(1 << k);
    return l->first[op] = first | AD_LINEARITY_KNOWN;
}

/* The operands that something in a recipe depends on, as bits; of: what steps depend on. */
static uint8_t operands_of(uint32_t value, const uint8_t *of, uint8_t all)
{
    if (value & AD_BUILD_CONSTANT)
        return 0;
    if (value == AD_RECIPE_RESULT)
        return all;
    return (uint8_t)(value < AD_RECIPE_RESULT ? 1 << value : of[value - AD_RECIPE_FIRST]);
}

static uint8_t operands_of_recipe(ad_linearity *l, const ad_recipe *r, uint8_t all)
{
    uint8_t of[AD_RECIPE_STEPS];
    for (uint32_t i = 0; i < r->steps; i++) {
        const ad_program_node *n = &r->step[i];
        const uint8_t first = ad_first_of(l, n->op);
        of[i] = 0;
        for (uint32_t k = 0; k < ad_program_ops[n->op].arity; k++)
            if (first >> k & 1)
                of[i] |= operands_of(n->of[k], of, all);
    }
    return operands_of(r->value, of, all);
}

uint8_t ad_linearity_read_second(ad_linearity *l, uint32_t op)
{
    ad_recipe recipe;
    const uint8_t first = ad_first_of(l, op);
    for (uint32_t k = 0; k < 3; k++) {
        l->second[op][k] = 0;
        if (first >> k & 1)
            l->second[op][k] =
                read_recipe(op, k, &recipe) ? operands_of_recipe(l, &recipe, first) & first : first;
    }
    for (uint32_t k = 0; k < 3; k++)
        for (uint32_t other = 0; other < 3; other++)
            if (l->second[op][k] >> other & 1)
                l->second[op][other] |= (uint8_t)(1 << k);
    const bool any = l->second[op][0] | l->second[op][1] | l->second[op][2];
    return l->any_second[op] = any | AD_LINEARITY_KNOWN;
}
