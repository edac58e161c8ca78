/* Writing code for many points: the order of instructions, and the slots of their values. */
#include "program/lanes_lower.h"

#include <string.h>

static bool is_lane_node(const ad_lane_lowering *l, uint32_t value)
{
    return value >= ad_program_first_node(l->p) && !ad_lane_is(l, value, AD_LANE_UNIFORM);
}

/* ---- slots -------------------------------------------------------------------------- */

static uint32_t take_slot(ad_lane_lowering *l)
{
    return l->frees ? l->free[--l->frees] : l->code->slots++;
}

/* One use less of a value. */
static void leave(ad_lane_lowering *l, uint32_t value)
{
    if (--l->uses[value] == 0 && !ad_lane_is(l, value, AD_LANE_UNIFORM))
        l->free[l->frees++] = l->place[value];
}

static void emit(ad_lane_lowering *l, ad_lane_instruction instruction)
{
    l->code->instruction[l->code->instructions++] = instruction;
}

/* ---- one instruction ---------------------------------------------------------------- */

/* An operation on up to three values; fused, one that makes a product itself. */
typedef struct operation {
    uint32_t op, count, of[3];
    bool swaps;        /* the first two operands */
    uint16_t code;     /* of slots alone; those with uniform operands follow, if mixes */
    bool mixes, apart; /* its result must have another slot than its operands */
} operation;

static operation sum_of_product(const ad_program_node *product, uint32_t with, uint16_t code)
{
    return (operation){.count = 3,
                       .of = {product->of[0], product->of[1], with},
                       .swaps = true,
                       .code = code,
                       .mixes = true};
}

/* How operations are done; by kernels, where nothing is said. */
#define MIXED(name) [AD_PROGRAM_##name] = {AD_LANE_##name##_ll, true, false}
#define PLAIN(name) [AD_PROGRAM_##name] = {AD_LANE_##name, false, false}
#define ALONE(name) [AD_PROGRAM_##name] = {AD_LANE_##name, false, true}
static const struct {
    uint16_t code;
    bool mixes, apart;
} forms[AD_PROGRAM_OP_COUNT] = {
    MIXED(add),
    MIXED(sub),
    MIXED(mul),
    MIXED(div),
    PLAIN(neg),
    PLAIN(reciprocal),
    PLAIN(sqrt),
    PLAIN(abs),
    PLAIN(maximum),
    PLAIN(minimum),
    PLAIN(less),
    PLAIN(less_equal),
    PLAIN(equal),
    PLAIN(not_equal),
    PLAIN(both),
    PLAIN(either),
    PLAIN(negation),
    PLAIN(where),
    PLAIN(vanishing),
    PLAIN(copysign),
    PLAIN(gauss),
    PLAIN(finite_shift),
    [AD_PROGRAM_detach] = {AD_LANE_copy, false, false},
    ALONE(fma),
    ALONE(powi),
    ALONE(polygamma),
};

static operation plain_operation(const ad_program_node *n)
{
    const bool known = forms[n->op].code || n->op == AD_PROGRAM_add;
    operation o = {.op = n->op,
                   .count = ad_program_ops[n->op].arity,
                   .swaps = n->op == AD_PROGRAM_add || n->op == AD_PROGRAM_mul,
                   .code = known ? forms[n->op].code : AD_LANE_by_kernel,
                   .mixes = forms[n->op].mixes,
                   .apart = forms[n->op].apart || !known};
    memcpy(o.of, n->of, o.count * sizeof *o.of);
    return o;
}

static operation operation_of(const ad_lane_lowering *l, const ad_program_node *n)
{
    const bool adds = n->op == AD_PROGRAM_add;
    for (uint32_t k = 2; k-- > 0 && (adds || n->op == AD_PROGRAM_sub);)
        if (ad_lane_is(l, n->of[k], AD_LANE_FUSED))
            return sum_of_product(ad_lane_node(l, n->of[k]), n->of[1 - k],
                                  adds     ? AD_LANE_mul_add_lll
                                  : k == 0 ? AD_LANE_mul_sub_lll
                                           : AD_LANE_sub_mul_lll);
    return plain_operation(n);
}

/* Where operands may be uniform: the opcode for these, after an exchange that puts a slot first. */
static uint16_t mixed_code(const ad_lane_lowering *l, operation *o)
{
    bool first = ad_lane_is(l, o->of[0], AD_LANE_UNIFORM);
    if (first && o->swaps) {
        uint32_t second = o->of[1];
        o->of[1] = o->of[0];
        o->of[0] = second;
        first = false;
    }
    uint16_t code = (uint16_t)(o->code + ad_lane_is(l, o->of[1], AD_LANE_UNIFORM) + 2 * first);
    return o->count < 3 ? code : (uint16_t)(code + 2 * ad_lane_is(l, o->of[2], AD_LANE_UNIFORM));
}

/* A slot that has a uniform value for every point. */
static uint32_t fill_slot(ad_lane_lowering *l, uint32_t value)
{
    uint32_t to = take_slot(l);
    emit(l, (ad_lane_instruction){.code = AD_LANE_fill, .to = to, .of = {l->place[value]}});
    return to;
}

static bool is_plain_exponent(const operation *o, uint32_t k)
{
    return k == 1 && o->code == AD_LANE_powi;
}

static void leave_operands(ad_lane_lowering *l, const operation *o, const uint32_t *filled)
{
    for (uint32_t k = 0; k < o->count; k++) {
        leave(l, o->of[k]);
        if (filled[k] != AD_NOWHERE)
            l->free[l->frees++] = filled[k];
    }
}

static void emit_operation(ad_lane_lowering *l, operation o, uint32_t value)
{
    uint32_t filled[3] = {AD_NOWHERE, AD_NOWHERE, AD_NOWHERE};
    ad_lane_instruction made = {.code = o.mixes ? mixed_code(l, &o) : o.code, .op = (uint16_t)o.op};
    for (uint32_t k = 0; k < o.count; k++) {
        if (!o.mixes && ad_lane_is(l, o.of[k], AD_LANE_UNIFORM) && !is_plain_exponent(&o, k))
            filled[k] = fill_slot(l, o.of[k]);
        made.of[k] = filled[k] != AD_NOWHERE ? filled[k] : l->place[o.of[k]];
    }
    if (!o.apart)
        leave_operands(l, &o, filled);
    made.to = l->place[value] = take_slot(l);
    if (o.apart)
        leave_operands(l, &o, filled);
    emit(l, made);
}

static void emit_guard(ad_lane_lowering *l, const ad_program_node *n)
{
    emit(l, (ad_lane_instruction){.code = AD_LANE_guard,
                                  .of = {l->place[n->of[0]], n->of[1], n->of[2]}});
    leave(l, n->of[0]);
}

static void exchange(ad_lane_instruction *product)
{
    uint32_t second = product->of[1];
    product->of[1] = product->of[0];
    product->of[0] = second;
}

/* Puts a factor first that is the first of the sum before, too. */
static void join_product(const ad_lane_lowering *l, ad_lane_instruction *made)
{
    ad_lane_instruction *last = &l->code->instruction[l->code->instructions - 1];
    if (made->code != AD_LANE_sum_ll || last->code != AD_LANE_sum_ll)
        return;
    if (last->of[1] == made->of[0] || last->of[1] == made->of[1])
        if (last[-1].code != AD_LANE_sum_ll || last[-1].of[0] != last->of[0])
            exchange(last);
    if (last->of[0] == made->of[1])
        exchange(made);
}

static void emit_fused_sum(ad_lane_lowering *l, uint32_t value)
{
    const ad_program_node *n = ad_lane_node(l, value);
    if (n->op == AD_PROGRAM_neg) {
        emit(l, (ad_lane_instruction){
                    .code = AD_LANE_sum_minus_l, .to = l->sum[value], .of = {l->place[n->of[0]]}});
        leave(l, n->of[0]);
        return;
    }
    operation o = {.count = 2, .of = {n->of[0], n->of[1]}, .swaps = true, .code = AD_LANE_sum_ll};
    ad_lane_instruction made = {.code = mixed_code(l, &o), .to = l->sum[value]};
    made.of[0] = l->place[o.of[0]];
    made.of[1] = l->place[o.of[1]];
    join_product(l, &made);
    emit(l, made);
    leave(l, o.of[0]);
    leave(l, o.of[1]);
}

static void emit_sum(ad_lane_lowering *l, uint32_t value)
{
    if (l->sum[value] == AD_NOWHERE)
        return;
    emit(l, (ad_lane_instruction){.code = ad_lane_is(l, value, AD_LANE_UNIFORM) ? AD_LANE_sum_u
                                                                                : AD_LANE_sum_l,
                                  .to = l->sum[value],
                                  .of = {l->place[value]}});
    leave(l, value);
}

/* ---- chains of instructions --------------------------------------------------------- */

static bool is_chain(const ad_lane_lowering *l, uint32_t value)
{
    return l->terms[value] > 1 ||
           (l->terms[value] && ad_lane_is(l, l->before[value], AD_LANE_FUSED) &&
            ad_lane_is(l, ad_lane_term(l, value), AD_LANE_FUSED));
}

/* A value, or the factors of a product that the chain makes itself; codes are those of `l`, `u`, `ll`, `lu`. */
static void emit_term(ad_lane_lowering *l, uint32_t value, uint16_t code)
{
    ad_lane_instruction made = {.code = code, .of = {l->place[value]}};
    if (ad_lane_is(l, value, AD_LANE_FUSED)) {
        const ad_program_node *n = ad_lane_node(l, value);
        operation o = {.of = {n->of[0], n->of[1]}, .swaps = true, .code = (uint16_t)(code + 2)};
        made.code = mixed_code(l, &o);
        made.of[0] = l->place[o.of[0]];
        made.of[1] = l->place[o.of[1]];
    } else {
        made.code = (uint16_t)(code + ad_lane_is(l, value, AD_LANE_UNIFORM));
    }
    emit(l, made);
}

static void leave_term(ad_lane_lowering *l, uint32_t value)
{
    if (ad_lane_is(l, value, AD_LANE_FUSED)) {
        leave(l, ad_lane_node(l, value)->of[0]);
        leave(l, ad_lane_node(l, value)->of[1]);
    } else {
        leave(l, value);
    }
}

/* Gives the commonest chains codes of their own: products and their sums, twice a product. */
static void shorten_chain(ad_lane_lowering *l, ad_lane_instruction *head)
{
    const uint16_t begin = head[1].code;
    uint16_t same = 1;
    if (begin != AD_LANE_begin_ll && begin != AD_LANE_begin_lu)
        return;
    const bool uniform = begin == AD_LANE_begin_lu;
    if (head->op == 2 && head[2].code == AD_LANE_twice) {
        head[1].code = uniform ? AD_LANE_twice_lu : AD_LANE_twice_ll;
        head[1].to = head->to;
        *head = head[1];
        l->code->instructions -= 2;
        return;
    }
    while (same < head->op && head[1 + same].code == (uniform ? AD_LANE_plus_lu : AD_LANE_plus_ll))
        same++;
    if (same == head->op)
        head->code = uniform ? AD_LANE_dot_lu : AD_LANE_dot_ll;
}

static void emit_chain(ad_lane_lowering *l, uint32_t value)
{
    const uint32_t count = l->terms[value];
    uint32_t sum[AD_CHAIN_TERMS];
    for (uint32_t i = count, v = value; i-- > 0; v = l->before[v])
        sum[i] = v;
    ad_lane_instruction *head = &l->code->instruction[l->code->instructions];
    emit(l, (ad_lane_instruction){.code = AD_LANE_chain, .op = (uint16_t)(count + 1)});
    emit_term(l, l->before[sum[0]], AD_LANE_begin_l);
    for (uint32_t i = 0; i < count; i++)
        if (ad_lane_doubles(l, sum[i]))
            emit(l, (ad_lane_instruction){.code = AD_LANE_twice});
        else
            emit_term(l, ad_lane_term(l, sum[i]),
                      ad_lane_node(l, sum[i])->op == AD_PROGRAM_sub ? AD_LANE_minus_l
                                                                    : AD_LANE_plus_l);
    leave_term(l, l->before[sum[0]]);
    for (uint32_t i = 0; i < count; i++)
        if (!ad_lane_doubles(l, sum[i]))
            leave_term(l, ad_lane_term(l, sum[i]));
    head->to = l->place[value] = take_slot(l);
    shorten_chain(l, head);
}

/* ---- all of them -------------------------------------------------------------------- */

static void emit_node(ad_lane_lowering *l, uint32_t value)
{
    const ad_program_node *n = ad_lane_node(l, value);
    if (n->op == AD_PROGRAM_guard)
        emit_guard(l, n);
    else if (ad_lane_is(l, value, AD_LANE_LINKED))
        return;
    else if (is_chain(l, value))
        emit_chain(l, value);
    else if (!ad_lane_is(l, value, AD_LANE_FUSED))
        emit_operation(l, operation_of(l, n), value);
    else if (l->sum[value] != AD_NOWHERE)
        emit_fused_sum(l, value);
}

/* Those that guards need, or the others. */
static void emit_nodes(ad_lane_lowering *l, unsigned early)
{
    const unsigned kinds = AD_LANE_NEEDED | AD_LANE_UNIFORM | AD_LANE_EARLY | AD_LANE_LATE;
    for (uint32_t v = ad_program_first_node(l->p); v < ad_program_values(l->p); v++) {
        if ((l->known[v] & kinds) != (AD_LANE_NEEDED | early))
            continue;
        emit_node(l, v);
        if (!early && !ad_lane_is(l, v, AD_LANE_FUSED) && !ad_lane_is(l, v, AD_LANE_LINKED))
            emit_sum(l, v);
    }
}

/* The sums of what there is before all guards are known. */
static void emit_early_sums(ad_lane_lowering *l)
{
    for (uint32_t v = 0; v < ad_program_values(l->p); v++)
        if (!is_lane_node(l, v) || ad_lane_is(l, v, AD_LANE_EARLY))
            emit_sum(l, v);
}

static void place_inputs(ad_lane_lowering *l)
{
    const ad_program *p = l->p;
    for (uint32_t i = 0; i < p->inputs; i++) {
        uint32_t v = p->constants + i;
        if (ad_lane_is(l, v, AD_LANE_UNIFORM)) {
            l->place[v] = l->code->uniforms++;
            l->code->share[l->code->shares++] = (ad_lane_link){i, l->place[v], true};
        } else if (l->uses[v]) {
            l->place[v] = take_slot(l);
            l->code->load[l->code->loads++] = (ad_lane_link){i, l->place[v], false};
        }
    }
}

/* The uniform part, from constants and shared inputs on. */
static void place_uniform(ad_lane_lowering *l)
{
    const ad_program *p = l->p;
    for (uint32_t v = ad_program_first_node(p); v < ad_program_values(p); v++) {
        if (!ad_lane_is(l, v, AD_LANE_UNIFORM | AD_LANE_NEEDED))
            continue;
        const ad_program_node *n = ad_lane_node(l, v);
        ad_lane_instruction made = {.code = (uint16_t)n->op, .of = {0, n->of[1], n->of[2]}};
        for (uint32_t k = 0; k < ad_program_ops[n->op].arity; k++)
            made.of[k] = l->place[n->of[k]];
        if (n->op != AD_PROGRAM_guard)
            made.to = l->place[v] = l->code->uniforms++;
        l->code->first[l->code->once++] = made;
    }
}

/* What is made of sums over points, which come first, once they are there. */
static void place_totals(ad_lane_lowering *l)
{
    const ad_program *p = l->p;
    for (uint32_t v = 0; v < ad_program_values(p); v++)
        if (l->sum[v] != AD_NOWHERE)
            l->code->sum[l->sum[v]] = l->total[v] = l->code->uniforms++;
    for (uint32_t v = ad_program_first_node(p); v < ad_program_values(p); v++) {
        if (!ad_lane_is(l, v, AD_LANE_LATE))
            continue;
        const ad_program_node *n = ad_lane_node(l, v);
        ad_lane_instruction made = {.code = (uint16_t)n->op, .to = l->code->uniforms};
        for (uint32_t k = 0; k < ad_program_ops[n->op].arity; k++)
            made.of[k] =
                ad_lane_is(l, n->of[k], AD_LANE_UNIFORM) ? l->place[n->of[k]] : l->total[n->of[k]];
        l->total[v] = l->code->uniforms++;
        l->code->last[l->code->lates++] = made;
    }
}

static void place_outputs(ad_lane_lowering *l)
{
    const ad_program *p = l->p;
    for (uint32_t i = 0; i < p->outputs; i++) {
        uint32_t v = p->output[i];
        if (l->code->role[i] == AD_LANE_EACH)
            l->code->store[l->code->stores++] =
                (ad_lane_link){i, l->place[v], ad_lane_is(l, v, AD_LANE_UNIFORM)};
        else if (l->code->role[i] == AD_LANE_SUMMED)
            l->code->deliver[l->code->delivers++] = (ad_lane_link){i, l->total[v], true};
    }
}

void ad_lane_emit(ad_lane_lowering *l)
{
    for (uint32_t v = 0; v < l->p->constants; v++)
        l->place[v] = l->code->uniforms++;
    place_inputs(l);
    place_uniform(l);
    emit_nodes(l, AD_LANE_EARLY);
    emit(l, (ad_lane_instruction){.code = AD_LANE_settle});
    emit_early_sums(l);
    emit_nodes(l, 0);
    emit(l, (ad_lane_instruction){.code = AD_LANE_end});
    place_totals(l);
    place_outputs(l);
}
