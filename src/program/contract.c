/* a b + c, rounded once. */
#include "program/contract.h"

/* Whether a value is a product that nothing else uses. */
static bool is_spare(const ad_builder *b, const uint32_t *uses, uint32_t value)
{
    return ad_is_op(b, value, AD_PROGRAM_mul) && uses[value - b->inputs] == 1;
}

/* c is there before the product is. */
static bool is_before(const ad_builder *b, uint32_t c, uint32_t product)
{
    return ad_is_constant(c) || c < product || c < b->inputs;
}

static void become_fma(ad_program_node *n, uint32_t x, uint32_t y, uint32_t z)
{
    *n = (ad_program_node){AD_PROGRAM_fma, {x, y, z}};
}

/* The node of the product becomes that of what is negated. */
static uint32_t negate(ad_builder *b, uint32_t product, uint32_t x)
{
    b->node[product - b->inputs] = (ad_program_node){AD_PROGRAM_neg, {x, AD_NO_VALUE, AD_NO_VALUE}};
    return product;
}

static void contract_sum(ad_builder *b, uint32_t *uses, ad_program_node *n)
{
    const bool second = is_spare(b, uses, n->of[1]);
    if (!second && !is_spare(b, uses, n->of[0]))
        return;
    const uint32_t product = n->of[second], z = n->of[!second];
    const uint32_t *of = ad_node_of(b, product)->of, x = of[0], y = of[1];
    uses[product - b->inputs] = AD_NO_VALUE;
    become_fma(n, x, y, z);
}

/* z - x y is (-x) y + z, and x y - z is x y + (-z) where z is there. */
static void contract_difference(ad_builder *b, const uint32_t *uses, ad_program_node *n)
{
    const bool second = is_spare(b, uses, n->of[1]);
    const uint32_t product = n->of[second], z = n->of[!second];
    if (!second && !(is_spare(b, uses, product) && is_before(b, z, product)))
        return;
    const uint32_t *of = ad_node_of(b, product)->of, x = of[0], y = of[1];
    if (second)
        become_fma(n, negate(b, product, x), y, z);
    else
        become_fma(n, x, y, negate(b, product, z));
}

void ad_contract(ad_builder *b, uint32_t *uses)
{
    for (uint32_t i = 0; i < b->nodes; i++) {
        ad_program_node *n = &b->node[i];
        if (uses[i] != AD_NO_VALUE && n->op == AD_PROGRAM_add)
            contract_sum(b, uses, n);
        else if (uses[i] != AD_NO_VALUE && n->op == AD_PROGRAM_sub)
            contract_difference(b, uses, n);
    }
}
