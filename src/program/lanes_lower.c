/* Making code for many points: which values are uniform, in which order the others come, and where they are. */
#include "program/lanes.h"

#include "base/memory.h"
#include "ops/elementwise/values.h"

#include <string.h>

enum { /* what is known of a value */
       UNIFORM = 1,
       NEEDED = 2,
       EARLY = 4,  /* a guard needs it */
       FUSED = 8,  /* a product that the instruction which needs it makes itself */
       LINKED = 16 /* a sum that is a part of a chain which goes on */
};

#define NOWHERE UINT32_MAX

enum { /* of a chain, at most */
       CHAIN_TERMS = 64,
       CHAIN_SPAN = 256 /* nodes */
};

enum { NEAR = 1 << 19 }; /* bytes of slots and sums that lie near: half of a common second cache */

typedef struct lowering {
    const ad_program *p;
    ad_lane_code *code;
    uint32_t *place;  /* [values] of a slot or among uniform values, or NOWHERE */
    uint32_t *uses;   /* [values] left */
    uint32_t *sum;    /* [values] the last output that is their sum, or NOWHERE */
    uint32_t *other;  /* [outputs] the one before that */
    uint32_t *which;  /* [outputs] number of the sum */
    uint32_t *before; /* [values] of sums: the operand that a chain comes from */
    uint32_t *begin;  /* [values] the first sum of a chain */
    uint32_t *terms;  /* [values] of a chain up to here; 0: it is none */
    uint32_t *free;   /* [values + 3] slots */
    uint32_t frees;
    unsigned char *known; /* [values] */
} lowering;

static const ad_program_node *node_at(const lowering *l, uint32_t value)
{
    return ad_value_node(l->p, value);
}

static bool is(const lowering *l, uint32_t value, unsigned what)
{
    return (l->known[value] & what) == what;
}

static bool is_lane_node(const lowering *l, uint32_t value)
{
    return value >= ad_program_first_node(l->p) && !is(l, value, UNIFORM);
}

/* ---- what is known of values -------------------------------------------------------- */

static void find_uniform(lowering *l)
{
    const ad_program *p = l->p;
    for (uint32_t v = 0; v < ad_program_values(p); v++) {
        bool uniform = true;
        if (ad_value_is_input(p, v))
            uniform = l->code->shared[v - p->constants];
        else if (!ad_value_is_constant(p, v))
            for (uint32_t k = 0; k < ad_program_ops[node_at(l, v)->op].arity; k++)
                uniform = uniform && is(l, node_at(l, v)->of[k], UNIFORM);
        l->known[v] = uniform ? UNIFORM : 0;
    }
}

/* Operands have what is known of those that need them. */
static void spread(lowering *l, unsigned what)
{
    for (uint32_t v = ad_program_values(l->p); v-- > ad_program_first_node(l->p);)
        for (uint32_t k = 0; is(l, v, what) && k < ad_program_ops[node_at(l, v)->op].arity; k++)
            l->known[node_at(l, v)->of[k]] |= (unsigned char)what;
}

static void find_needed(lowering *l)
{
    const ad_program *p = l->p;
    for (uint32_t v = ad_program_first_node(p); v < ad_program_values(p); v++)
        if (node_at(l, v)->op == AD_PROGRAM_guard)
            l->known[v] |= is(l, v, UNIFORM) ? NEEDED : NEEDED | EARLY;
    for (uint32_t i = 0; i < p->outputs; i++)
        if (l->code->role[i] != AD_LANE_UNWANTED)
            l->known[p->output[i]] |= NEEDED;
    spread(l, NEEDED);
    spread(l, EARLY);
}

static void count_uses(lowering *l)
{
    const ad_program *p = l->p;
    for (uint32_t v = ad_program_first_node(p); v < ad_program_values(p); v++)
        for (uint32_t k = 0; is(l, v, NEEDED) && k < ad_program_ops[node_at(l, v)->op].arity; k++)
            l->uses[node_at(l, v)->of[k]]++;
    for (uint32_t i = 0; i < p->outputs; i++)
        l->uses[p->output[i]] += l->code->role[i] != AD_LANE_UNWANTED;
}

/* A product that nothing else needs. */
static bool is_single_product(const lowering *l, uint32_t value)
{
    return is_lane_node(l, value) && node_at(l, value)->op == AD_PROGRAM_mul && l->uses[value] == 1;
}

static void fuse(lowering *l)
{
    const ad_program *p = l->p;
    for (uint32_t v = ad_program_first_node(p); v < ad_program_values(p); v++) {
        const ad_program_node *n = node_at(l, v);
        if (!is(l, v, NEEDED) || (n->op != AD_PROGRAM_add && n->op != AD_PROGRAM_sub))
            continue;
        for (uint32_t k = 2; k-- > 0;)
            if (is_single_product(l, n->of[k])) {
                l->known[n->of[k]] |= FUSED;
                break;
            }
    }
    for (uint32_t i = 0; i < p->outputs; i++) {
        uint32_t v = p->output[i];
        if (l->code->role[i] == AD_LANE_SUMMED && is_single_product(l, v) && !is(l, v, EARLY))
            l->known[v] |= FUSED;
    }
}

/* ---- chains ------------------------------------------------------------------------- */

static bool may_go_on(const lowering *l, uint32_t value)
{
    return !is(l, value, UNIFORM) && l->terms[value] && l->uses[value] == 1;
}

static bool is_sum(const lowering *l, uint32_t value)
{
    const uint32_t op = node_at(l, value)->op;
    return is(l, value, NEEDED) && !is(l, value, UNIFORM) &&
           (op == AD_PROGRAM_add || op == AD_PROGRAM_sub);
}

/* Which operand of a sum is what a chain comes to before it. */
static uint32_t choose_before(const lowering *l, uint32_t value)
{
    const ad_program_node *n = node_at(l, value);
    const uint32_t a = n->of[0], b = n->of[1];
    bool turned = n->op == AD_PROGRAM_add && !is(l, b, FUSED) &&
                  (is(l, a, FUSED) || (may_go_on(l, b) && !may_go_on(l, a)));
    return turned ? b : a;
}

/* Long chains would keep too much until the end. */
static void find_chains(lowering *l)
{
    const uint32_t first = ad_program_first_node(l->p);
    for (uint32_t v = first; v < ad_program_values(l->p); v++) {
        if (!is_sum(l, v))
            continue;
        const uint32_t before = l->before[v] = choose_before(l, v);
        l->terms[v] = 1;
        l->begin[v] = v;
        if (may_go_on(l, before) && v - l->begin[before] <= CHAIN_SPAN &&
            l->terms[before] < CHAIN_TERMS) {
            l->terms[v] = l->terms[before] + 1;
            l->begin[v] = l->begin[before];
            l->known[before] |= LINKED;
        } else if (is_single_product(l, before)) {
            l->known[before] |= FUSED;
        }
    }
}

static void list_sums(lowering *l)
{
    const ad_program *p = l->p;
    memset(l->sum, 0xff, ad_program_values(p) * sizeof *l->sum);
    for (uint32_t i = 0; i < p->outputs; i++)
        if (l->code->role[i] == AD_LANE_SUMMED) {
            l->other[i] = l->sum[p->output[i]];
            l->sum[p->output[i]] = i;
            l->which[i] = l->code->sums;
            l->code->sum[l->code->sums++] = i;
        }
}

/* ---- slots -------------------------------------------------------------------------- */

static uint32_t take_slot(lowering *l)
{
    return l->frees ? l->free[--l->frees] : l->code->slots++;
}

/* One use less of a value. */
static void leave(lowering *l, uint32_t value)
{
    if (--l->uses[value] == 0 && !is(l, value, UNIFORM))
        l->free[l->frees++] = l->place[value];
}

static void emit(lowering *l, ad_lane_instruction instruction)
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

#define PLAIN(name)              \
    case AD_PROGRAM_##name:      \
        o.code = AD_LANE_##name; \
        break;
#define MIXED(name)                   \
    case AD_PROGRAM_##name:           \
        o.code = AD_LANE_##name##_ll; \
        o.mixes = true;               \
        break;
#define ALONE(name)              \
    case AD_PROGRAM_##name:      \
        o.code = AD_LANE_##name; \
        o.apart = true;          \
        break;

static operation plain_operation(const ad_program_node *n)
{
    operation o = {.op = n->op, .count = ad_program_ops[n->op].arity};
    memcpy(o.of, n->of, o.count * sizeof *o.of);
    o.swaps = n->op == AD_PROGRAM_add || n->op == AD_PROGRAM_mul;
    switch ((ad_program_op_code)n->op) {
        MIXED(add)
        MIXED(sub)
        MIXED(mul) MIXED(div) PLAIN(neg) PLAIN(reciprocal) PLAIN(sqrt) PLAIN(abs) PLAIN(maximum)
            PLAIN(minimum) PLAIN(less) PLAIN(less_equal) PLAIN(equal) PLAIN(not_equal) PLAIN(both)
                PLAIN(either) PLAIN(negation) PLAIN(where) PLAIN(vanishing) PLAIN(copysign)
                    PLAIN(gauss) PLAIN(finite_shift) ALONE(fma) ALONE(powi)
                        ALONE(polygamma) case AD_PROGRAM_detach : o.code = AD_LANE_copy;
        break;
    default:
        o.code = AD_LANE_by_kernel;
        o.apart = true;
    }
    return o;
}

static operation operation_of(const lowering *l, const ad_program_node *n)
{
    const bool adds = n->op == AD_PROGRAM_add;
    for (uint32_t k = 2; k-- > 0 && (adds || n->op == AD_PROGRAM_sub);)
        if (is(l, n->of[k], FUSED))
            return sum_of_product(node_at(l, n->of[k]), n->of[1 - k],
                                  adds     ? AD_LANE_mul_add_lll
                                  : k == 0 ? AD_LANE_mul_sub_lll
                                           : AD_LANE_sub_mul_lll);
    return plain_operation(n);
}

/* Where operands may be uniform: the opcode for these, after an exchange that puts a slot first. */
static uint16_t mixed_code(const lowering *l, operation *o)
{
    bool first = is(l, o->of[0], UNIFORM);
    if (first && o->swaps) {
        uint32_t second = o->of[1];
        o->of[1] = o->of[0];
        o->of[0] = second;
        first = false;
    }
    uint16_t code = (uint16_t)(o->code + is(l, o->of[1], UNIFORM) + 2 * first);
    return o->count < 3 ? code : (uint16_t)(code + 2 * is(l, o->of[2], UNIFORM));
}

/* A slot that has a uniform value for every point. */
static uint32_t fill_slot(lowering *l, uint32_t value)
{
    uint32_t to = take_slot(l);
    emit(l, (ad_lane_instruction){.code = AD_LANE_fill, .to = to, .of = {l->place[value]}});
    return to;
}

static bool is_plain_exponent(const operation *o, uint32_t k)
{
    return k == 1 && o->code == AD_LANE_powi;
}

static void leave_operands(lowering *l, const operation *o, const uint32_t *filled)
{
    for (uint32_t k = 0; k < o->count; k++) {
        leave(l, o->of[k]);
        if (filled[k] != NOWHERE)
            l->free[l->frees++] = filled[k];
    }
}

static void emit_operation(lowering *l, operation o, uint32_t value)
{
    uint32_t filled[3] = {NOWHERE, NOWHERE, NOWHERE};
    ad_lane_instruction made = {.code = o.mixes ? mixed_code(l, &o) : o.code, .op = (uint16_t)o.op};
    for (uint32_t k = 0; k < o.count; k++) {
        if (!o.mixes && is(l, o.of[k], UNIFORM) && !is_plain_exponent(&o, k))
            filled[k] = fill_slot(l, o.of[k]);
        made.of[k] = filled[k] != NOWHERE ? filled[k] : l->place[o.of[k]];
    }
    if (!o.apart)
        leave_operands(l, &o, filled);
    made.to = l->place[value] = take_slot(l);
    if (o.apart)
        leave_operands(l, &o, filled);
    emit(l, made);
}

static void emit_guard(lowering *l, const ad_program_node *n)
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
static void join_product(const lowering *l, ad_lane_instruction *made)
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

static void emit_product_sum(lowering *l, uint32_t value)
{
    const ad_program_node *n = node_at(l, value);
    operation o = {.count = 2, .of = {n->of[0], n->of[1]}, .swaps = true, .code = AD_LANE_sum_ll};
    ad_lane_instruction made = {.code = mixed_code(l, &o), .to = l->which[l->sum[value]]};
    made.of[0] = l->place[o.of[0]];
    made.of[1] = l->place[o.of[1]];
    join_product(l, &made);
    emit(l, made);
    leave(l, o.of[0]);
    leave(l, o.of[1]);
}

static void emit_sums(lowering *l, uint32_t value)
{
    for (uint32_t i = l->sum[value]; i != NOWHERE; i = l->other[i]) {
        emit(l, (ad_lane_instruction){.code = is(l, value, UNIFORM) ? AD_LANE_sum_u : AD_LANE_sum_l,
                                      .to = l->which[i],
                                      .of = {l->place[value]}});
        leave(l, value);
    }
}

/* ---- chains of instructions --------------------------------------------------------- */

/* What a sum adds to the operand that its chain comes from. */
static uint32_t term_of(const lowering *l, uint32_t sum)
{
    const ad_program_node *n = node_at(l, sum);
    return n->of[n->of[0] == l->before[sum]];
}

static bool is_chain(const lowering *l, uint32_t value)
{
    return l->terms[value] > 1 ||
           (l->terms[value] && is(l, l->before[value], FUSED) && is(l, term_of(l, value), FUSED));
}

/* A value, or the factors of a product that the chain makes itself; codes are those of `l`, `u`, `ll`, `lu`. */
static void emit_term(lowering *l, uint32_t value, uint16_t code)
{
    ad_lane_instruction made = {.code = code, .of = {l->place[value]}};
    if (is(l, value, FUSED)) {
        const ad_program_node *n = node_at(l, value);
        operation o = {.of = {n->of[0], n->of[1]}, .swaps = true, .code = (uint16_t)(code + 2)};
        made.code = mixed_code(l, &o);
        made.of[0] = l->place[o.of[0]];
        made.of[1] = l->place[o.of[1]];
    } else {
        made.code = (uint16_t)(code + is(l, value, UNIFORM));
    }
    emit(l, made);
}

static void leave_term(lowering *l, uint32_t value)
{
    if (is(l, value, FUSED)) {
        leave(l, node_at(l, value)->of[0]);
        leave(l, node_at(l, value)->of[1]);
    } else {
        leave(l, value);
    }
}

static void emit_chain(lowering *l, uint32_t value)
{
    const uint32_t count = l->terms[value];
    uint32_t sum[CHAIN_TERMS];
    for (uint32_t i = count, v = value; i-- > 0; v = l->before[v])
        sum[i] = v;
    ad_lane_instruction *head = &l->code->instruction[l->code->instructions];
    emit(l, (ad_lane_instruction){.code = AD_LANE_chain, .op = (uint16_t)(count + 1)});
    emit_term(l, l->before[sum[0]], AD_LANE_begin_l);
    for (uint32_t i = 0; i < count; i++)
        emit_term(l, term_of(l, sum[i]),
                  node_at(l, sum[i])->op == AD_PROGRAM_sub ? AD_LANE_minus_l : AD_LANE_plus_l);
    leave_term(l, l->before[sum[0]]);
    for (uint32_t i = 0; i < count; i++)
        leave_term(l, term_of(l, sum[i]));
    head->to = l->place[value] = take_slot(l);
}

/* ---- all of them -------------------------------------------------------------------- */

static void emit_node(lowering *l, uint32_t value)
{
    const ad_program_node *n = node_at(l, value);
    if (n->op == AD_PROGRAM_guard)
        emit_guard(l, n);
    else if (is(l, value, LINKED))
        return;
    else if (is_chain(l, value))
        emit_chain(l, value);
    else if (!is(l, value, FUSED))
        emit_operation(l, operation_of(l, n), value);
    else if (l->sum[value] != NOWHERE)
        emit_product_sum(l, value);
}

/* Those that guards need, or the others. */
static void emit_nodes(lowering *l, unsigned early)
{
    for (uint32_t v = ad_program_first_node(l->p); v < ad_program_values(l->p); v++) {
        if ((l->known[v] & (NEEDED | UNIFORM | EARLY)) != (NEEDED | early))
            continue;
        emit_node(l, v);
        if (!early && !is(l, v, FUSED) && !is(l, v, LINKED))
            emit_sums(l, v);
    }
}

/* The sums of what there is before all guards are known. */
static void emit_early_sums(lowering *l)
{
    for (uint32_t v = 0; v < ad_program_values(l->p); v++)
        if (!is_lane_node(l, v) || is(l, v, EARLY))
            emit_sums(l, v);
}

static void place_inputs(lowering *l)
{
    const ad_program *p = l->p;
    for (uint32_t i = 0; i < p->inputs; i++) {
        uint32_t v = p->constants + i;
        if (is(l, v, UNIFORM)) {
            l->place[v] = l->code->uniforms++;
            l->code->share[l->code->shares++] = (ad_lane_link){i, l->place[v], true};
        } else if (l->uses[v]) {
            l->place[v] = take_slot(l);
            l->code->load[l->code->loads++] = (ad_lane_link){i, l->place[v], false};
        }
    }
}

/* The uniform part, from constants and shared inputs on. */
static void place_uniform(lowering *l)
{
    const ad_program *p = l->p;
    for (uint32_t v = ad_program_first_node(p); v < ad_program_values(p); v++) {
        if (!is(l, v, UNIFORM | NEEDED))
            continue;
        const ad_program_node *n = node_at(l, v);
        ad_lane_instruction made = {.code = (uint16_t)n->op, .of = {0, n->of[1], n->of[2]}};
        for (uint32_t k = 0; k < ad_program_ops[n->op].arity; k++)
            made.of[k] = l->place[n->of[k]];
        if (n->op != AD_PROGRAM_guard)
            made.to = l->place[v] = l->code->uniforms++;
        l->code->first[l->code->once++] = made;
    }
}

static void place_outputs(lowering *l)
{
    const ad_program *p = l->p;
    for (uint32_t i = 0; i < p->outputs; i++)
        if (l->code->role[i] == AD_LANE_EACH) {
            uint32_t v = p->output[i];
            l->code->store[l->code->stores++] = (ad_lane_link){i, l->place[v], is(l, v, UNIFORM)};
        }
}

/* Small programs leave the first cache to what is loaded and stored. */
static uint32_t width_for(const ad_lane_code *code)
{
    size_t sums = (size_t)code->sums * AD_LANE_LEAST * sizeof(double), width = AD_LANE_MOST;
    while (width > AD_LANE_LEAST && code->slots * width * sizeof(double) + sums > NEAR)
        width /= 2;
    return (uint32_t)width;
}

static void find_kernels(ad_lane_code *code)
{
    for (uint32_t i = 0; i < code->instructions; i++)
        if (code->instruction[i].code == AD_LANE_powi)
            code->kernel[AD_PROGRAM_powi] = ad_powi_kernel();
        else if (code->instruction[i].code == AD_LANE_by_kernel)
            code->kernel[code->instruction[i].op] = ad_program_kernel(code->instruction[i].op);
    for (uint32_t i = 0; i < code->once; i++)
        if (!code->kernel[code->first[i].code])
            code->kernel[code->first[i].code] = ad_program_kernel(code->first[i].code);
}

static void lower(lowering *l)
{
    ad_lane_code *code = l->code;
    find_uniform(l);
    find_needed(l);
    count_uses(l);
    list_sums(l);
    fuse(l);
    find_chains(l);
    for (uint32_t v = 0; v < l->p->constants; v++)
        l->place[v] = code->uniforms++;
    place_inputs(l);
    place_uniform(l);
    emit_nodes(l, EARLY);
    emit(l, (ad_lane_instruction){.code = AD_LANE_settle});
    emit_early_sums(l);
    emit_nodes(l, 0);
    emit(l, (ad_lane_instruction){.code = AD_LANE_end});
    place_outputs(l);
    find_kernels(code);
    code->width = width_for(code);
    code->weight = l->p->nodes + code->loads + code->stores + 1;
}

/* ---- memory ------------------------------------------------------------------------- */

/* The lists of a code one behind the other, from `at` on where it is not NULL. Returns their bytes. Each is copied
 * from where it was, if it was anywhere. */
static size_t lay_out(ad_lane_code *code, char *at)
{
    size_t bytes = 0, size;
    const ad_program *p = code->program;
#define LIST(name, count)                          \
    size = ad_size_mul(count, sizeof *code->name); \
    if (at) {                                      \
        if (code->name && size)                    \
            memcpy(at + bytes, code->name, size);  \
        code->name = (void *)(at + bytes);         \
    }                                              \
    bytes = ad_size_add(bytes, size);
    LIST(instruction, code->instructions)
    LIST(first, code->once)
    LIST(load, code->loads)
    LIST(store, code->stores)
    LIST(share, code->shares)
    LIST(sum, code->sums)
    LIST(shared, p->inputs)
    LIST(role, p->outputs)
#undef LIST
    return bytes;
}

/* A code with lists that are as long as they may become. */
static ad_lane_code longest(const ad_program *p)
{
    size_t most = ad_size_add(ad_size_mul(p->nodes, 4), p->outputs);
    return (ad_lane_code){.program = p,
                          .instructions = (uint32_t)most + 2,
                          .once = p->nodes,
                          .loads = p->inputs,
                          .stores = p->outputs,
                          .shares = p->inputs,
                          .sums = p->outputs};
}

static void note_roles(const ad_lane_code *code, const ad_map_input *x, const ad_map_output *y)
{
    unsigned char *shared = code->shared, *role = code->role;
    for (uint32_t i = 0; i < code->program->inputs; i++)
        shared[i] = ad_lane_shares(&x[i]);
    for (uint32_t i = 0; i < code->program->outputs; i++)
        role[i] = ad_lane_role_of(&y[i]);
}

static ad_lane_code *keep(const ad_lane_code *draft)
{
    const ad_allocator *allocator = draft->program->options.allocator;
    ad_lane_code code = *draft;
    code.bytes = ad_size_add(sizeof code, lay_out(&code, NULL));
    ad_lane_code *kept = ad_memory_take(allocator, code.bytes);
    if (!kept)
        return NULL;
    lay_out(&code, (char *)(kept + 1));
    *kept = code;
    return kept;
}

static void place_lists(lowering *l, uint32_t *at)
{
    const size_t values = ad_program_values(l->p), outputs = l->p->outputs;
    l->place = at, at += values;
    l->uses = at, at += values;
    l->sum = at, at += values;
    l->other = at, at += outputs;
    l->which = at, at += outputs;
    l->before = at, at += values;
    l->begin = at, at += values;
    l->terms = at, at += values;
    l->free = at, at += values + 3;
    l->known = (unsigned char *)at;
    memset(l->place, 0xff, values * sizeof *l->place);
    memset(l->uses, 0, values * sizeof *l->uses);
    memset(l->terms, 0, values * sizeof *l->terms);
}

ad_lane_code *ad_lane_lower(const ad_program *p, const ad_map_input *x, const ad_map_output *y)
{
    ad_lane_code draft = longest(p);
    size_t values = ad_program_values(p), lists = lay_out(&draft, NULL);
    lists = (lists + 7) / 8 * 8;
    size_t bytes = ad_size_add(
        lists, ad_size_add(ad_size_mul(7 * values + 2 * (size_t)p->outputs + 3, sizeof(uint32_t)),
                           values));
    char *memory = ad_memory_take(p->options.allocator, bytes);
    if (!memory)
        return NULL;
    lowering l = {.p = p, .code = &draft};
    lay_out(&draft, memory);
    place_lists(&l, (uint32_t *)(void *)(memory + lists));
    note_roles(&draft, x, y);
    draft.instructions = draft.once = draft.loads = draft.stores = draft.shares = draft.sums = 0;
    lower(&l);
    ad_lane_code *code = keep(&draft);
    ad_memory_give(p->options.allocator, memory, bytes);
    return code;
}

void ad_lane_free(ad_lane_code *code)
{
    if (code)
        ad_memory_give(code->program->options.allocator, code, code->bytes);
}
