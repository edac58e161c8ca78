/* Lowering of programs to scalar code.
 *
 * It goes over the nodes twice. Backward, it counts the uses of each value, and chooses pairs: an operation whose
 * only use is another becomes part of that one's instruction. Forward, it writes the instructions, and gives slots
 * to values: the one that became free last comes first.
 *
 * Instructions follow chains: after a value comes what takes it first, if all else is there, and finds it in the
 * register. What waits for memory on a chain is what runs wait for. Guards keep their order. */
#include "program/scalar_code.h"

#include "base/memory.h"

#include <assert.h>
#include <string.h>

/* What becomes of a value. */
typedef struct fate {
    uint32_t uses; /* that are to come; of a free slot's last value: the one before it, + 1 */
    uint32_t user; /* the first of them, NOTHING, or THERE: the value has been computed */
    uint32_t
        link; /* the value that is part of this one's instruction, or as below; then its slot */
} fate;

enum { NOTHING = -1, THERE = -2, ALONE = -3, PART = -4, ALIAS = -5 };
#define MARK(m)    ((uint32_t)(m))
#define IS_NONE(v) ((v) == MARK(NOTHING))

/* In a link: the value itself is in the slot of another, which is in the other bits. */
#define IN_SLOT_OF UINT32_C(0x80000000)

typedef struct lowering {
    const ad_program *p;
    ad_scalar_code *code;
    fate *fate;            /* [values] */
    uint32_t instructions; /* chosen; written */
    uint32_t free;         /* the value whose slot became free last, + 1 */
    uint32_t in_register;  /* the value that is, or NOTHING */
    uint32_t maker; /* its instruction, if it has a form that does not store it, or NOTHING */
} lowering;

static uint32_t arity_of(const ad_program_node *n)
{
    return ad_program_ops[n->op].arity;
}

/* ---- backward: uses and pairs ------------------------------------------------------- */

/* The same value is counted where it is detached. */
static void count_uses(lowering *l)
{
    const ad_program *p = l->p;
    for (uint32_t v = 0; v < ad_program_values(p); v++)
        l->fate[v] = (fate){0, MARK(NOTHING), 0};
    for (const ad_program_node *n = p->node; n < p->node + p->nodes; n++)
        for (uint32_t k = 0; k < arity_of(n) && n->op != AD_PROGRAM_detach; k++)
            l->fate[n->of[k]].uses++;
    for (uint32_t i = 0; i < p->outputs; i++)
        l->fate[p->output[i]].uses++;
}

static bool pairs(uint32_t op)
{
    return op - AD_PROGRAM_add <= AD_PROGRAM_mul - AD_PROGRAM_add;
}

static bool compares(uint32_t op)
{
    return op - AD_PROGRAM_less <= AD_PROGRAM_not_equal - AD_PROGRAM_less;
}

/* Whether the other operand of a sum is rather to be its part: a product that may be, and is older. The last one that a
 * sum waits for stays apart, for it often finds in the register what it waits for itself. */
static bool gives_way(const lowering *l, uint32_t value, const ad_program_node *user)
{
    const uint32_t other = user->of[user->of[0] == value];
    return user->op != AD_PROGRAM_mul && other < value && other >= ad_program_first_node(l->p) &&
           l->fate[other].uses == 1 && ad_value_node(l->p, other)->op == AD_PROGRAM_mul;
}

/* Whether a value becomes part of the instruction of its user. */
static bool is_part(const lowering *l, const ad_program_node *n, uint32_t value)
{
    const fate *f = &l->fate[value];
    if (f->uses != 1 || IS_NONE(f->user) || l->fate[f->user].link != MARK(ALONE))
        return false;
    const ad_program_node *user = ad_value_node(l->p, f->user);
    if (compares(n->op))
        return user->op == AD_PROGRAM_guard;
    return pairs(n->op) && pairs(user->op) && !gives_way(l, value, user);
}

static void choose(lowering *l, const ad_program_node *n, uint32_t value)
{
    fate *f = &l->fate[value];
    if (n->op == AD_PROGRAM_detach) { /* all uses are those of what it is of */
        l->fate[n->of[0]].uses += f->uses;
        f->link = MARK(ALIAS);
        return;
    }
    if (is_part(l, n, value)) {
        l->fate[f->user].link = value;
        f->link = MARK(PART);
    } else {
        f->link = MARK(ALONE);
        l->instructions++;
    }
    for (uint32_t k = 0; k < arity_of(n); k++)
        l->fate[n->of[k]].user = value;
}

static void choose_all(lowering *l)
{
    const ad_program *p = l->p;
    count_uses(l);
    l->instructions = 0;
    for (uint32_t i = p->nodes; i-- > 0;)
        choose(l, &p->node[i], ad_program_first_node(p) + i);
}

/* ---- forward: slots ----------------------------------------------------------------- */

/* The value in whose slot this one is. */
static uint32_t root_of(const lowering *l, uint32_t value)
{
    const uint32_t link = l->fate[value].link;
    return link & IN_SLOT_OF ? link & ~IN_SLOT_OF : value;
}

static void take_slot(lowering *l, uint32_t value)
{
    if (l->free) {
        const fate *last = &l->fate[l->free - 1];
        l->fate[value].link = last->link;
        l->free = last->uses;
    } else {
        l->fate[value].link = l->code->slots++;
    }
}

/* After a use. Written so that it needs no jump, which would be hard to predict. */
static void release(lowering *l, uint32_t value)
{
    const uint32_t uses = l->fate[value].uses - 1;
    l->fate[value].uses = uses ? uses : l->free;
    l->free = uses ? l->free : value + 1;
}

/* ---- forward: instructions ---------------------------------------------------------- */

static void write_instruction(lowering *l, uint32_t form, uint32_t d, const uint32_t s[3])
{
    ad_scalar_code *code = l->code;
    if (code->is_long)
        ((ad_long_instruction *)code->instruction)[l->instructions++] =
            (ad_long_instruction){form, d, s[0], s[1], s[2]};
    else
        ((ad_short_instruction *)code->instruction)[l->instructions++] = (ad_short_instruction){
            (uint16_t)form, (uint16_t)d, (uint16_t)s[0], (uint16_t)s[1], (uint16_t)s[2]};
}

static uint32_t form_at(const ad_scalar_code *code, uint32_t i)
{
    return code->is_long ? ((ad_long_instruction *)code->instruction)[i].form
                         : ((ad_short_instruction *)code->instruction)[i].form;
}

static void set_form(ad_scalar_code *code, uint32_t i, uint32_t form)
{
    if (code->is_long)
        ((ad_long_instruction *)code->instruction)[i].form = form;
    else
        ((ad_short_instruction *)code->instruction)[i].form = (uint16_t)form;
}

/* The instruction that makes a value of others, which are in slots of their own, and become free. */
static void write_value(lowering *l, uint32_t form, uint32_t value, const uint32_t *root,
                        uint32_t n)
{
    uint32_t slot[3] = {0};
    for (uint32_t k = 0; k < n; k++)
        slot[k] = l->fate[root[k]].link;
    for (uint32_t k = 0; k < n; k++)
        release(l, root[k]);
    take_slot(l, value);
    write_instruction(l, form, l->fate[value].link, slot);
    l->in_register = value;
    l->maker = MARK(NOTHING);
}

static void find_roots(const lowering *l, const uint32_t *of, uint32_t n, uint32_t *root)
{
    for (uint32_t k = 0; k < n; k++)
        root[k] = root_of(l, of[k]);
}

/* A hot form; in_order: its first two operands do not change places. */
typedef struct hot_form {
    uint16_t form;
    bool in_order;
} hot_form;

enum { VARIANT = AD_FORM_add_r_b - AD_FORM_add, KEPT = AD_FORM_add_kept - AD_FORM_add };

/* The value in the register is an operand. Its maker need not store it if it has no other use. */
static void take_register(const lowering *l)
{
    if (l->fate[l->in_register].uses == 1 && !IS_NONE(l->maker))
        set_form(l->code, l->maker, form_at(l->code, l->maker) + KEPT);
}

static void write_hot(lowering *l, hot_form hot, uint32_t value, const uint32_t *of, uint32_t n)
{
    uint32_t root[3], place = 0;
    find_roots(l, of, n, root);
    while (place < n && root[place] != l->in_register)
        place++;
    if (place < n)
        take_register(l);
    if (place == 1 && !hot.in_order) {
        const uint32_t second = root[1];
        root[1] = root[0];
        root[0] = second;
        place = 0;
    }
    const uint32_t variant = place == n ? 0 : place + 1 - (place == 2 && !hot.in_order);
    const uint32_t instruction = l->instructions;
    write_value(l, hot.form + VARIANT * variant, value, root, n);
    l->maker = instruction;
}

/* ---- forward: nodes ----------------------------------------------------------------- */

/* The pairs of an inner operation: as many forms for each outer one. */
static const struct {
    hot_form first;
    uint16_t forms;
} pairs_of[3] = {{{AD_FORM_add_add, false}, AD_FORM_add_sub - AD_FORM_add_add},
                 {{AD_FORM_sub_add, true}, AD_FORM_sub_sub - AD_FORM_sub_add},
                 {{AD_FORM_mul_add, false}, AD_FORM_mul_sub - AD_FORM_mul_add}};

static void write_pair(lowering *l, const ad_program_node *n, uint32_t value, uint32_t part)
{
    const ad_program_node *inner = ad_value_node(l->p, part);
    const bool first = n->of[0] == part;
    const uint32_t of[] = {inner->of[0], inner->of[1], n->of[first]};
    const uint32_t outer = n->op == AD_PROGRAM_sub ? 2 - first : n->op == AD_PROGRAM_mul ? 3 : 0;
    hot_form hot = pairs_of[inner->op - AD_PROGRAM_add].first;
    hot.form = (uint16_t)(hot.form + outer * pairs_of[inner->op - AD_PROGRAM_add].forms);
    write_hot(l, hot, value, of, 3);
}

/* Which of them a guard is stands where others have their third operand, and result. The register stays. */
static void write_guard(lowering *l, const ad_program_node *n, uint32_t part)
{
    const ad_program_node *test = IS_NONE(part) ? n : ad_value_node(l->p, part);
    const uint32_t which = n->of[2], by = 2 * (test->op - AD_PROGRAM_less);
    const uint32_t form = (IS_NONE(part) ? AD_GUARD_true : AD_GUARD_less_true + by) + !n->of[1];
    uint32_t slot[3] = {0};
    for (uint32_t k = 0; k < arity_of(test); k++) {
        const uint32_t root = root_of(l, test->of[k]);
        slot[k] = l->fate[root].link;
        release(l, root);
        if (root == l->in_register) /* it is read from its slot */
            l->maker = MARK(NOTHING);
    }
    slot[2] = which;
    write_instruction(l, form, l->code->is_long ? 0 : which >> 16, slot);
}

#define PLAIN(name, ...) [AD_PROGRAM_##name] = {AD_FORM_##name, true},
static const hot_form form_of[AD_PROGRAM_OP_COUNT] = {
    [AD_PROGRAM_add] = {AD_FORM_add, false},
    [AD_PROGRAM_sub] = {AD_FORM_sub, true},
    [AD_PROGRAM_mul] = {AD_FORM_mul, false},
    [AD_PROGRAM_div] = {AD_FORM_div, true},
    [AD_PROGRAM_neg] = {AD_FORM_neg, true},
    [AD_PROGRAM_reciprocal] = {AD_FORM_reciprocal, true},
    [AD_PROGRAM_sqrt] = {AD_FORM_sqrt, true},
    [AD_PROGRAM_abs] = {AD_FORM_abs, true},
    AD_PLAIN_ROWS(PLAIN)};
#undef PLAIN

static void write_plain(lowering *l, uint32_t form, const ad_program_node *n, uint32_t value)
{
    uint32_t root[3];
    find_roots(l, n->of, arity_of(n), root);
    write_value(l, form, value, root, arity_of(n));
}

static void write_call(lowering *l, const ad_program_node *n, uint32_t value)
{
    ad_block **call = &l->code->call[n->op];
    if (!*call)
        *call = ad_program_kernel(n->op)->of[AD_ISA_base];
    write_plain(l, AD_FORM_call + n->op, n, value);
}

/* An operation by itself. */
static void write_single(lowering *l, const ad_program_node *n, uint32_t value)
{
    const hot_form found = form_of[n->op];
    if (!found.form)
        write_call(l, n, value);
    else if (found.form < AD_FORM_HOT_END)
        write_hot(l, found, value, n->of, arity_of(n));
    else
        write_plain(l, found.form, n, value);
}

static void write_node(lowering *l, uint32_t value)
{
    const ad_program_node *n = ad_value_node(l->p, value);
    fate *f = &l->fate[value];
    f->user = MARK(THERE);
    if (f->link == MARK(ALIAS))
        f->link = IN_SLOT_OF | root_of(l, n->of[0]);
    else if (n->op == AD_PROGRAM_guard)
        write_guard(l, n, f->link == MARK(ALONE) ? MARK(NOTHING) : f->link);
    else if (f->link == MARK(ALONE))
        write_single(l, n, value);
    else
        write_pair(l, n, value, f->link);
}

/* ---- forward: chains ---------------------------------------------------------------- */

static bool is_there(const lowering *l, uint32_t value)
{
    return l->fate[value].user == MARK(THERE);
}

static bool are_there(const lowering *l, const ad_program_node *n)
{
    for (uint32_t k = 0; k < arity_of(n); k++)
        if (!is_there(l, n->of[k]))
            return false;
    return true;
}

/* Whether the instruction of a node finds all it needs, its part's operands included. */
static bool is_ready(const lowering *l, const ad_program_node *n)
{
    for (uint32_t k = 0; k < arity_of(n); k++)
        if (!is_there(l, n->of[k]) &&
            (l->fate[n->of[k]].link != MARK(PART) || !are_there(l, ad_value_node(l->p, n->of[k]))))
            return false;
    return true;
}

/* Whose instruction comes next after that of a value with this first user, or NOTHING. */
static uint32_t follower(const lowering *l, uint32_t user)
{
    if (!IS_NONE(user) && l->fate[user].link == MARK(PART))
        user = l->fate[user].user;
    if (IS_NONE(user) || is_there(l, user))
        return MARK(NOTHING);
    const ad_program_node *n = ad_value_node(l->p, user);
    const bool can = n->op != AD_PROGRAM_guard && n->op != AD_PROGRAM_detach && is_ready(l, n);
    return can ? user : MARK(NOTHING);
}

static void write_chain(lowering *l, uint32_t value)
{
    while (!IS_NONE(value)) {
        const uint32_t user = l->fate[value].user;
        write_node(l, value);
        value = follower(l, user);
    }
}

/* ---- forward: all ------------------------------------------------------------------- */

#define FIRST(name, ...)  [AD_FORM_##name] = 1 + AD_FIRST_##name,
#define SECOND(name, ...) [AD_FORM_##name] = 1 + AD_SECOND_##name,
static const uint8_t first_of[AD_FORM_COUNT] = {AD_FIRST_ROWS(FIRST) AD_FIRST_KEPT_ROWS(FIRST)};
static const uint8_t second_of[AD_FORM_COUNT] = {AD_SECOND_ROWS(SECOND, )};
#undef FIRST
#undef SECOND

static void join_instructions(ad_scalar_code *code)
{
    for (uint32_t i = 0; i + 1 < code->instructions; i++) {
        const uint32_t first = first_of[form_at(code, i)], second = second_of[form_at(code, i + 1)];
        if (first && second)
            set_form(code, i++, AD_FORM_joined + AD_SECONDS * (first - 1) + second - 1);
    }
}

static void write_all(lowering *l)
{
    const ad_program *p = l->p;
    const uint32_t first = ad_program_first_node(p);
    l->instructions = l->free = 0;
    l->in_register = l->maker = MARK(NOTHING);
    for (uint32_t v = 0; v < first; v++)
        l->fate[v] = (fate){l->fate[v].uses, MARK(THERE), v};
    for (uint32_t v = first; v < first + p->nodes; v++)
        if (!is_there(l, v) && l->fate[v].link != MARK(PART))
            write_chain(l, v);
    assert(l->instructions == l->code->instructions);
    write_instruction(l, AD_FORM_end, 0, (uint32_t[]){0, 0, 0});
    for (uint32_t i = 0; i < p->outputs; i++)
        l->code->output[i] = l->fate[root_of(l, p->output[i])].link;
    join_instructions(l->code);
}

/* ---- memory ------------------------------------------------------------------------- */

static ad_scalar_code *take_code(const lowering *l, bool is_long)
{
    const ad_program *p = l->p;
    const size_t one = is_long ? sizeof(ad_long_instruction) : sizeof(ad_short_instruction);
    const size_t outputs = ad_size_mul(p->outputs, sizeof(uint32_t));
    const size_t bytes = ad_size_add(ad_size_add(sizeof(ad_scalar_code), outputs),
                                     ad_size_mul((size_t)l->instructions + 1, one));
    ad_scalar_code *code = ad_memory_take(p->options.allocator, bytes);
    if (!code)
        return NULL;
    *code = (ad_scalar_code){.program = p,
                             .bytes = bytes,
                             .slots = ad_program_first_node(p),
                             .instructions = l->instructions,
                             .is_long = is_long};
    code->output = (uint32_t *)(void *)(code + 1);
    code->instruction = (char *)(code + 1) + outputs;
    return code;
}

/* With short instructions, if they do. */
ad_scalar_code *ad_scalar_lower(const ad_program *p)
{
    lowering l = {.p = p};
    const size_t bytes = ad_size_mul(ad_program_values(p), sizeof *l.fate);
    l.fate = ad_memory_take(p->options.allocator, bytes);
    bool is_long = ad_program_first_node(p) > AD_SHORT_SLOTS, good = l.fate;
    while (good) {
        choose_all(&l);
        l.code = take_code(&l, is_long);
        if (l.code)
            write_all(&l);
        if (!l.code || is_long || l.code->slots <= AD_SHORT_SLOTS)
            break;
        ad_scalar_free(l.code);
        is_long = true;
    }
    ad_memory_give(p->options.allocator, l.fate, bytes);
    return l.code;
}
