/* What is known of operations, without a change of bits.
 *
 * Not here, because bits would change: x + 0 (where x is -0), x * 0 (NaN), x - x, a + (b + c), x / c as a product.
 * Signs move outward, where they end in a subtraction. */
#include "program/build.h"

#include <limits.h>
#include <math.h>

/* ---- constants ---------------------------------------------------------------------- */

static bool is(const ad_builder *b, uint32_t reference, double value)
{
    return ad_is_constant(reference) && ad_constant_of(b, reference) == value &&
           signbit(ad_constant_of(b, reference)) == signbit(value);
}

static bool fold(ad_builder *b, const ad_program_node *n, uint32_t *value)
{
    double x[3] = {0};
    for (uint32_t i = 0; i < ad_program_ops[n->op].arity; i++) {
        if (!ad_is_constant(n->of[i]))
            return false;
        x[i] = ad_constant_of(b, n->of[i]);
    }
    *value = ad_build_constant(b, ad_program_value(n->op, x[0], x[1], x[2]));
    return true;
}

static bool become(uint32_t *value, uint32_t other)
{
    *value = other;
    return true;
}

/* ---- signs -------------------------------------------------------------------------- */

static bool is_negative(const ad_builder *b, uint32_t reference)
{
    return ad_is_op(b, reference, AD_PROGRAM_neg);
}

static uint32_t negated(const ad_builder *b, uint32_t reference)
{
    return ad_node_of(b, reference)->of[0];
}

/* -x y, x -y, -x / y and x / -y are -(x y) and -(x / y); both signs cancel. */
static bool move_signs(ad_builder *b, const ad_program_node *n, uint32_t *value)
{
    bool first = is_negative(b, n->of[0]), second = is_negative(b, n->of[1]);
    if (!first && !second)
        return false;
    uint32_t x = first ? negated(b, n->of[0]) : n->of[0];
    uint32_t y = second ? negated(b, n->of[1]) : n->of[1];
    uint32_t z = ad_build_two(b, n->op, x, y);
    return become(value, first == second ? z : ad_build_one(b, AD_PROGRAM_neg, z));
}

/* ---- by operation ------------------------------------------------------------------- */

/* Constants last, else the older value first: so the order does not depend on where a loop's body stands. */
static void order(ad_program_node *n)
{
    uint32_t x = n->of[0], y = n->of[1];
    if (ad_is_constant(x) || (!ad_is_constant(y) && x > y)) {
        n->of[0] = y;
        n->of[1] = x;
    }
}

static bool rewrite_add(ad_builder *b, ad_program_node *n, uint32_t *value)
{
    const uint32_t x = n->of[0], y = n->of[1];
    if (is_negative(b, y))
        return become(value, ad_build_two(b, AD_PROGRAM_sub, x, negated(b, y)));
    if (is_negative(b, x))
        return become(value, ad_build_two(b, AD_PROGRAM_sub, y, negated(b, x)));
    order(n);
    return is(b, n->of[1], -0.0) && become(value, n->of[0]);
}

static bool rewrite_sub(ad_builder *b, const ad_program_node *n, uint32_t *value)
{
    if (is_negative(b, n->of[1]))
        return become(value, ad_build_two(b, AD_PROGRAM_add, n->of[0], negated(b, n->of[1])));
    return is(b, n->of[1], 0.0) && become(value, n->of[0]);
}

static bool rewrite_mul(ad_builder *b, ad_program_node *n, uint32_t *value)
{
    if (move_signs(b, n, value))
        return true;
    order(n);
    if (is(b, n->of[1], 1))
        return become(value, n->of[0]);
    return is(b, n->of[1], -1) && become(value, ad_build_one(b, AD_PROGRAM_neg, n->of[0]));
}

static bool rewrite_div(ad_builder *b, const ad_program_node *n, uint32_t *value)
{
    if (move_signs(b, n, value))
        return true;
    if (is(b, n->of[0], 1))
        return become(value, ad_build_one(b, AD_PROGRAM_reciprocal, n->of[1]));
    if (is(b, n->of[1], 1))
        return become(value, n->of[0]);
    if (is(b, n->of[1], -1))
        return become(value, ad_build_one(b, AD_PROGRAM_neg, n->of[0]));
    if (b->options.allow & AD_ALLOW_RECIPROCALS)
        ad_build_one(b, AD_PROGRAM_reciprocal, n->of[1]); /* there if the end takes it (finish.c) */
    return false;
}

/* -(-x); of a constant it was folded. */
static bool rewrite_neg(const ad_builder *b, const ad_program_node *n, uint32_t *value)
{
    return is_negative(b, n->of[0]) && become(value, negated(b, n->of[0]));
}

/* The products of a short power, in the order of the operation's kernel. */
static bool rewrite_powi(ad_builder *b, ad_program_node *n, uint32_t *value)
{
    enum { SHORT = 8 };
    double exponent = ad_is_constant(n->of[1]) ? ad_constant_of(b, n->of[1]) : -1;
    if (exponent <
        INT_MIN) /* of a derivative: no int, but one of its parity is as near 0 or infinity */
        n->of[1] = ad_build_constant(b, exponent + 2);
    if (!(exponent >= 0 && exponent <= SHORT))
        return false;
    uint32_t base = n->of[0], power = AD_NO_VALUE;
    for (unsigned bits = (unsigned)exponent; bits; bits >>= 1) {
        if (bits & 1)
            power = power == AD_NO_VALUE ? base : ad_build_two(b, AD_PROGRAM_mul, power, base);
        if (bits > 1)
            base = ad_build_two(b, AD_PROGRAM_mul, base, base);
    }
    return become(value, power == AD_NO_VALUE ? ad_build_constant(b, 1) : power);
}

/* A truth t: t != 0 is t, and t == 0 is !t. */
static bool rewrite_equality(ad_builder *b, const ad_program_node *n, uint32_t *value)
{
    bool equal = n->op == AD_PROGRAM_equal;
    if (!ad_is_truth(b, n->of[0]) || !ad_is_constant(n->of[1]) || ad_constant_of(b, n->of[1]) != 0)
        return false;
    return become(value, equal ? ad_build_one(b, AD_PROGRAM_negation, n->of[0]) : n->of[0]);
}

static bool rewrite_negation(const ad_builder *b, const ad_program_node *n, uint32_t *value)
{
    const uint32_t t = n->of[0];
    return ad_is_op(b, t, AD_PROGRAM_negation) && ad_is_truth(b, ad_node_of(b, t)->of[0]) &&
           become(value, ad_node_of(b, t)->of[0]);
}

static bool rewrite_where(ad_builder *b, const ad_program_node *n, uint32_t *value)
{
    if (ad_is_op(b, n->of[0], AD_PROGRAM_negation)) {
        uint32_t truth = ad_node_of(b, n->of[0])->of[0];
        return become(value, ad_build(b, AD_PROGRAM_where, truth, n->of[2], n->of[1]));
    }
    if (ad_is_constant(n->of[0]))
        return become(value, ad_constant_of(b, n->of[0]) != 0 ? n->of[1] : n->of[2]);
    return n->of[1] == n->of[2] && become(value, n->of[1]);
}

/* Whether the node's value is known otherwise: then *value is it. Else the node may have been put in another form. */
static bool rewrite(ad_builder *b, ad_program_node *n, uint32_t *value)
{
    if (fold(b, n, value))
        return true;
    switch (n->op) {
    case AD_PROGRAM_neg:
        return rewrite_neg(b, n, value);
    case AD_PROGRAM_add:
        return rewrite_add(b, n, value);
    case AD_PROGRAM_sub:
        return rewrite_sub(b, n, value);
    case AD_PROGRAM_mul:
        return rewrite_mul(b, n, value);
    case AD_PROGRAM_div:
        return rewrite_div(b, n, value);
    case AD_PROGRAM_powi:
        return rewrite_powi(b, n, value);
    case AD_PROGRAM_equal:
    case AD_PROGRAM_not_equal:
        return rewrite_equality(b, n, value);
    case AD_PROGRAM_negation:
        return rewrite_negation(b, n, value);
    case AD_PROGRAM_where:
        return rewrite_where(b, n, value);
    default:
        return false;
    }
}

uint32_t ad_build(ad_builder *b, uint32_t op, uint32_t x, uint32_t y, uint32_t z)
{
    const uint32_t arity = ad_program_ops[op].arity, of[] = {x, y, z};
    ad_program_node n = {op, {x, arity > 1 ? y : AD_NO_VALUE, arity > 2 ? z : AD_NO_VALUE}};
    uint32_t value = AD_NO_VALUE;
    for (uint32_t i = 0; i < arity; i++)
        if (of[i] == AD_NO_VALUE)
            return AD_NO_VALUE;
    return b->status != AD_OK || rewrite(b, &n, &value) ? value : ad_build_node(b, &n);
}
