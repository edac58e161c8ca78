/* Making code for many points: which values are uniform, which are needed before others, what is done together. */
#include "program/lanes_lower.h"

#include "base/memory.h"
#include "ops/elementwise/values.h"

#include <string.h>

enum { NEAR = 1 << 19 }; /* bytes of slots and sums that lie near: half of a common second cache */

static bool is_lane_node(const ad_lane_lowering *l, uint32_t value)
{
    return value >= ad_program_first_node(l->p) && !ad_lane_is(l, value, AD_LANE_UNIFORM);
}

/* ---- what is known of values -------------------------------------------------------- */

static void find_uniform(ad_lane_lowering *l)
{
    const ad_program *p = l->p;
    for (uint32_t v = 0; v < ad_program_values(p); v++) {
        bool uniform = true;
        if (ad_value_is_input(p, v))
            uniform = l->code->shared[v - p->constants];
        else if (!ad_value_is_constant(p, v))
            for (uint32_t k = 0; k < ad_program_ops[ad_lane_node(l, v)->op].arity; k++)
                uniform = uniform && ad_lane_is(l, ad_lane_node(l, v)->of[k], AD_LANE_UNIFORM);
        l->known[v] = uniform ? AD_LANE_UNIFORM : 0;
    }
}

/* Operands have what is known of those that need them. */
static void spread(ad_lane_lowering *l, unsigned what)
{
    for (uint32_t v = ad_program_values(l->p); v-- > ad_program_first_node(l->p);)
        for (uint32_t k = 0;
             ad_lane_is(l, v, what) && k < ad_program_ops[ad_lane_node(l, v)->op].arity; k++)
            l->known[ad_lane_node(l, v)->of[k]] |= (unsigned char)what;
}

static void find_needed(ad_lane_lowering *l)
{
    const ad_program *p = l->p;
    for (uint32_t v = ad_program_first_node(p); v < ad_program_values(p); v++)
        if (ad_lane_node(l, v)->op == AD_PROGRAM_guard)
            l->known[v] |=
                ad_lane_is(l, v, AD_LANE_UNIFORM) ? AD_LANE_NEEDED : AD_LANE_NEEDED | AD_LANE_EARLY;
    for (uint32_t i = 0; i < p->outputs; i++)
        if (l->code->role[i] != AD_LANE_UNWANTED)
            l->known[p->output[i]] |= AD_LANE_NEEDED;
    spread(l, AD_LANE_NEEDED);
    spread(l, AD_LANE_EARLY);
}

/* ---- sums of what is linear ----------------------------------------------------------- */

/* Whether the sum of the values over points can be computed of the operands' sums, and of uniform values. */
static bool is_linear(const ad_lane_lowering *l, uint32_t value)
{
    const ad_program_node *n = ad_lane_node(l, value);
    const bool a = ad_lane_is(l, n->of[0], AD_LANE_UNIFORM);
    const bool b = ad_program_ops[n->op].arity > 1 && ad_lane_is(l, n->of[1], AD_LANE_UNIFORM);
    switch (n->op) {
    case AD_PROGRAM_neg:
    case AD_PROGRAM_detach:
        return true;
    case AD_PROGRAM_add:
    case AD_PROGRAM_sub:
        return !a && !b;
    case AD_PROGRAM_mul:
        return a || b;
    case AD_PROGRAM_div:
        return b;
    default:
        return false;
    }
}

/* Values that only such sums need, through operations that are linear themselves. */
static void find_late(ad_lane_lowering *l)
{
    const ad_program *p = l->p;
    for (uint32_t i = 0; i < p->outputs; i++)
        if (l->code->role[i] == AD_LANE_EACH)
            l->known[p->output[i]] |= AD_LANE_FIXED;
    for (uint32_t v = ad_program_values(p); v-- > ad_program_first_node(p);) {
        if (!ad_lane_is(l, v, AD_LANE_NEEDED) || ad_lane_is(l, v, AD_LANE_UNIFORM))
            continue;
        if (!(l->known[v] & (AD_LANE_FIXED | AD_LANE_EARLY)) && is_linear(l, v))
            l->known[v] |= AD_LANE_LATE;
        for (uint32_t k = 0; k < ad_program_ops[ad_lane_node(l, v)->op].arity; k++)
            if (!ad_lane_is(l, v, AD_LANE_LATE))
                l->known[ad_lane_node(l, v)->of[k]] |= AD_LANE_FIXED;
    }
}

/* To sum both operands of a sum pays only where one of them is late. */
static void drop_late(ad_lane_lowering *l)
{
    for (uint32_t v = ad_program_first_node(l->p); v < ad_program_values(l->p); v++) {
        const ad_program_node *n = ad_lane_node(l, v);
        if (ad_lane_is(l, v, AD_LANE_LATE) && ad_program_ops[n->op].arity == 2 &&
            !ad_lane_is(l, n->of[0], AD_LANE_UNIFORM) &&
            !ad_lane_is(l, n->of[1], AD_LANE_UNIFORM) && !ad_lane_is(l, n->of[0], AD_LANE_LATE) &&
            !ad_lane_is(l, n->of[1], AD_LANE_LATE))
            l->known[v] &= (unsigned char)~AD_LANE_LATE;
    }
}

static void find_added(ad_lane_lowering *l)
{
    const ad_program *p = l->p;
    for (uint32_t i = 0; i < p->outputs; i++)
        if (l->code->role[i] == AD_LANE_SUMMED && !ad_lane_is(l, p->output[i], AD_LANE_LATE))
            l->known[p->output[i]] |= AD_LANE_ADDED;
    for (uint32_t v = ad_program_first_node(p); v < ad_program_values(p); v++)
        for (uint32_t k = 0;
             ad_lane_is(l, v, AD_LANE_LATE) && k < ad_program_ops[ad_lane_node(l, v)->op].arity;
             k++) {
            uint32_t of = ad_lane_node(l, v)->of[k];
            if (!(l->known[of] & (AD_LANE_UNIFORM | AD_LANE_LATE)))
                l->known[of] |= AD_LANE_ADDED;
        }
    for (uint32_t v = 0; v < ad_program_values(p); v++)
        if (ad_lane_is(l, v, AD_LANE_ADDED))
            l->sum[v] = l->code->sums++;
}

/* ---- what is done together ------------------------------------------------------------ */

static void count_uses(ad_lane_lowering *l)
{
    const ad_program *p = l->p;
    for (uint32_t v = ad_program_first_node(p); v < ad_program_values(p); v++)
        if ((l->known[v] & (AD_LANE_NEEDED | AD_LANE_LATE)) == AD_LANE_NEEDED)
            for (uint32_t k = 0; k < ad_program_ops[ad_lane_node(l, v)->op].arity; k++)
                l->uses[ad_lane_node(l, v)->of[k]]++;
    for (uint32_t v = 0; v < ad_program_values(p); v++)
        l->uses[v] += ad_lane_is(l, v, AD_LANE_ADDED);
    for (uint32_t i = 0; i < p->outputs; i++)
        l->uses[p->output[i]] += l->code->role[i] == AD_LANE_EACH;
}

/* A product that nothing else needs. */
static bool is_single_product(const ad_lane_lowering *l, uint32_t value)
{
    return is_lane_node(l, value) && ad_lane_node(l, value)->op == AD_PROGRAM_mul &&
           l->uses[value] == 1;
}

/* Whether nothing else needs an operand of a sum. */
static bool is_only_for(const ad_lane_lowering *l, uint32_t operand, uint32_t sum)
{
    return !ad_lane_is(l, operand, AD_LANE_UNIFORM) &&
           l->uses[operand] == (ad_lane_doubles(l, sum) ? 2 : 1);
}

static bool is_sum(const ad_lane_lowering *l, uint32_t value)
{
    const uint32_t op = ad_lane_node(l, value)->op;
    return (l->known[value] & (AD_LANE_NEEDED | AD_LANE_UNIFORM | AD_LANE_LATE)) ==
               AD_LANE_NEEDED &&
           (op == AD_PROGRAM_add || op == AD_PROGRAM_sub);
}

static void fuse(ad_lane_lowering *l)
{
    const ad_program *p = l->p;
    for (uint32_t v = ad_program_first_node(p); v < ad_program_values(p); v++) {
        const ad_program_node *n = ad_lane_node(l, v);
        if (!is_sum(l, v))
            continue;
        for (uint32_t k = 2; k-- > 0;)
            if (is_single_product(l, n->of[k])) {
                l->known[n->of[k]] |= AD_LANE_FUSED;
                break;
            }
    }
    for (uint32_t v = ad_program_first_node(p); v < ad_program_values(p); v++)
        if ((l->known[v] & (AD_LANE_ADDED | AD_LANE_EARLY)) == AD_LANE_ADDED && l->uses[v] == 1 &&
            is_lane_node(l, v) &&
            (ad_lane_node(l, v)->op == AD_PROGRAM_mul || ad_lane_node(l, v)->op == AD_PROGRAM_neg))
            l->known[v] |= AD_LANE_FUSED;
}

/* ---- chains ------------------------------------------------------------------------- */

static bool may_go_on(const ad_lane_lowering *l, uint32_t value)
{
    return !ad_lane_is(l, value, AD_LANE_UNIFORM) && l->terms[value] && l->uses[value] == 1;
}

/* Which operand of a sum is what a chain comes to before it. */
static uint32_t choose_before(const ad_lane_lowering *l, uint32_t value)
{
    const ad_program_node *n = ad_lane_node(l, value);
    const uint32_t a = n->of[0], b = n->of[1];
    bool turned = n->op == AD_PROGRAM_add && !ad_lane_is(l, b, AD_LANE_FUSED) &&
                  (ad_lane_is(l, a, AD_LANE_FUSED) || (may_go_on(l, b) && !may_go_on(l, a)));
    return turned ? b : a;
}

/* Long chains would keep too much until the end. */
static bool goes_on(const ad_lane_lowering *l, uint32_t before, uint32_t sum)
{
    return is_only_for(l, before, sum) && l->terms[before] &&
           sum - l->begin[before] <= AD_CHAIN_SPAN && l->terms[before] < AD_CHAIN_TERMS;
}

static void find_chains(ad_lane_lowering *l)
{
    const uint32_t first = ad_program_first_node(l->p);
    for (uint32_t v = first; v < ad_program_values(l->p); v++) {
        if (!is_sum(l, v))
            continue;
        const uint32_t before = l->before[v] = choose_before(l, v);
        l->terms[v] = 1;
        l->begin[v] = v;
        if (goes_on(l, before, v)) {
            l->terms[v] = l->terms[before] + 1;
            l->begin[v] = l->begin[before];
            l->known[before] |= AD_LANE_LINKED;
        } else if (is_only_for(l, before, v) && is_lane_node(l, before) &&
                   ad_lane_node(l, before)->op == AD_PROGRAM_mul) {
            l->known[before] |= AD_LANE_FUSED;
        }
    }
}

/* ---- all of it ------------------------------------------------------------------------ */

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

static void lower(ad_lane_lowering *l)
{
    ad_lane_code *code = l->code;
    find_uniform(l);
    find_needed(l);
    if (l->p->options.allow & AD_ALLOW_EARLY_SUMS) {
        find_late(l);
        drop_late(l);
    }
    find_added(l);
    count_uses(l);
    fuse(l);
    find_chains(l);
    ad_lane_emit(l);
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
    LIST(deliver, code->delivers)
    LIST(last, code->lates)
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
                          .delivers = p->outputs,
                          .lates = p->nodes,
                          .sums = ad_program_values(p)};
}

static void note_roles(const ad_lane_code *code, const ad_map_input *x, const ad_map_output *y)
{
    unsigned char *shared = code->shared, *role = code->role;
    for (uint32_t i = 0; i < code->program->inputs; i++)
        shared[i] = ad_lane_shares(&x[i]);
    for (uint32_t i = 0; i < code->program->outputs; i++)
        role[i] = (unsigned char)ad_lane_role_of(&y[i]);
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

static void place_lists(ad_lane_lowering *l, uint32_t *at)
{
    const size_t values = ad_program_values(l->p);
    uint32_t **lists[] = {&l->place,  &l->uses,  &l->sum,   &l->total,
                          &l->before, &l->begin, &l->terms, &l->free};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++, at += values)
        *lists[i] = at;
    at += 3;
    l->known = (unsigned char *)at;
    memset(l->place, 0xff, values * sizeof *l->place);
    memset(l->sum, 0xff, values * sizeof *l->sum);
    memset(l->uses, 0, values * sizeof *l->uses);
    memset(l->terms, 0, values * sizeof *l->terms);
}

ad_lane_code *ad_lane_lower(const ad_program *p, const ad_map_input *x, const ad_map_output *y)
{
    ad_lane_code draft = longest(p);
    size_t values = ad_program_values(p), lists = lay_out(&draft, NULL);
    lists = (lists + 7) / 8 * 8;
    size_t bytes =
        ad_size_add(lists, ad_size_add(ad_size_mul(8 * values + 3, sizeof(uint32_t)), values));
    char *memory = ad_memory_take(p->options.allocator, bytes);
    if (!memory)
        return NULL;
    ad_lane_lowering l = {.p = p, .code = &draft};
    lay_out(&draft, memory);
    place_lists(&l, (uint32_t *)(void *)(memory + lists));
    note_roles(&draft, x, y);
    draft.instructions = draft.once = draft.loads = draft.stores = draft.shares = 0;
    draft.delivers = draft.lates = draft.sums = 0;
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
