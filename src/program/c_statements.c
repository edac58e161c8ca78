/* A program's text in C: statements and loops. */
#include "program/c_text.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { LONGEST = 4000 }; /* three operands, each with a table and a term for each of 31 loops */

/* ---- expressions -------------------------------------------------------------------- */

/* Text that is put together in a fixed room, which is large enough. */
typedef struct c_expression {
    char text[LONGEST];
    size_t length;
} c_expression;

static void begin_expression(c_expression *e)
{
    e->length = 0;
    e->text[0] = '\0';
}

AD_PRINTF(2, 3) static void put(c_expression *e, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(e->text + e->length, LONGEST - e->length, format, arguments);
    va_end(arguments);
    if (length > 0)
        e->length += (size_t)length;
    if (e->length >= LONGEST)
        e->length = LONGEST - 1;
}

static void put_number(c_expression *e, double value)
{
    if (isnan(value))
        put(e, "(double)NAN");
    else if (isinf(value))
        put(e, "%s(double)INFINITY", value < 0 ? "-" : "");
    else
        put(e, "%a", value);
}

static void put_constant(const ad_c_text *c, c_expression *e, uint32_t value)
{
    put(e, "%s_K(", c->capitals);
    put_number(e, c->plan.program->constant[value]);
    put(e, ")");
}

/* base + step[0] i0 + step[1] i1 ..., of loops whose bit in `without` is not set. Differences are right, too, since
 * unsigned numbers wrap around. */
static void put_affine(c_expression *e, uint32_t base, uint32_t depth, const int32_t *step,
                       uint32_t without)
{
    bool empty = base == 0;
    if (base)
        put(e, "%" PRIu32 "U", base);
    for (uint32_t k = 0; k < depth; k++) {
        const uint32_t size = (uint32_t)(step[k] < 0 ? -(int64_t)step[k] : step[k]);
        if (step[k] == 0 || without >> k & 1)
            continue;
        if (step[k] < 0)
            put(e, empty ? "0U - " : " - ");
        else if (!empty)
            put(e, " + ");
        if (size > 1)
            put(e, "%" PRIu32 "U * ", size);
        put(e, "i%" PRIu32, k);
        empty = false;
    }
    if (empty)
        put(e, "0");
}

/* The place in a table: rows of the counters that it depends on. */
static void put_place(const ad_c_text *c, c_expression *e, const ad_plan_read *r)
{
    uint32_t chain[AD_PLAN_DEEPEST], size = 1;
    int32_t step[AD_PLAN_DEEPEST] = {0};
    const uint32_t depth = ad_plan_chain(&c->plan, r->loop, chain);
    for (uint32_t k = depth; k-- > 0;)
        if (r->levels >> k & 1) {
            step[k] = (int32_t)size;
            size *= ad_plan_loop_at(&c->plan, chain[k])->times;
        }
    put_affine(e, 0, depth, step, 0);
}

static void put_read(const ad_c_text *c, c_expression *e, const ad_plan_read *r)
{
    const uint32_t depth = ad_plan_depth(&c->plan, r->loop);
    const int32_t *stride = ad_plan_strides_at(&c->plan, r->stride);
    switch (r->source) {
    case AD_PLAN_CONSTANT:
        put_constant(c, e, r->from);
        return;
    case AD_PLAN_CONSTANTS:
        put(e, "%s_K(k%" PRIu32 "[", c->capitals, r->table);
        put_place(c, e, r);
        put(e, "])");
        return;
    case AD_PLAN_INPUT:
        put(e, "x[");
        put_affine(e, r->from, depth, stride, 0);
        break;
    case AD_PLAN_VARIABLE:
        put(e, "t%" PRIu32, r->from);
        return;
    case AD_PLAN_CARRIED:
        put(e, "c%" PRIu32, r->from);
        return;
    case AD_PLAN_MEMORY:
        put(e, "v[");
        put_affine(e, r->from, depth, stride + depth, 0);
        break;
    case AD_PLAN_TABLE:
        put(e, "v[a%" PRIu32 "[", r->table);
        put_place(c, e, r);
        put(e, "] + ");
        put_affine(e, r->from, depth, stride + depth, r->levels);
        break;
    }
    put(e, "]");
}

/* ---- tables ------------------------------------------------------------------------- */

static uint32_t address_at(const ad_plan *plan, const ad_plan_read *r, const uint32_t *counter)
{
    return ad_plan_address(plan,
                           ad_plan_value(plan, r, counter) - ad_program_first_node(plan->program));
}

/* The value in an iteration: also of a constant, whose index is no affine one. */
static uint32_t constant_at(const ad_c_text *c, const ad_plan_read *r, uint32_t operand,
                            uint32_t node, const uint32_t *counter)
{
    const ad_program *p = c->plan.program;
    uint32_t chain[AD_PLAN_DEEPEST];
    const uint32_t depth = ad_plan_chain(&c->plan, r->loop, chain);
    if (node == AD_PLAN_NONE)
        return p->output[operand + counter[0]];
    for (uint32_t k = 0; k < depth; k++)
        node += counter[k] * ad_plan_loop_at(&c->plan, chain[k])->period;
    return p->node[node].of[operand];
}

/* A table in the order of put_place, entry by entry. */
typedef struct table_walk {
    ad_c_text *c;
    ad_plan_read *read;
    uint32_t operand, node; /* of constants: of a node, or outputs from `operand` on */
    uint32_t chain[AD_PLAN_DEEPEST], counter[AD_PLAN_DEEPEST], depth, left;
} table_walk;

static table_walk begin(ad_c_text *c, ad_plan_read *r, uint32_t operand, uint32_t node)
{
    table_walk t = {.c = c, .read = r, .operand = operand, .node = node};
    t.depth = ad_plan_chain(&c->plan, r->loop, t.chain);
    t.left = ad_plan_table_size(&c->plan, r);
    return t;
}

static void advance(table_walk *t)
{
    t->left--;
    for (uint32_t k = t->depth; k-- > 0;) {
        if (!(t->read->levels >> k & 1))
            continue;
        if (++t->counter[k] < ad_plan_loop_at(&t->c->plan, t->chain[k])->times)
            return;
        t->counter[k] = 0;
    }
}

static void write_constants(ad_c_text *c, ad_plan_read *r, uint32_t operand, uint32_t node)
{
    const char *between = "";
    r->table = (uint32_t)(r - ad_plan_read_at(&c->plan, 0));
    ad_stream_add(&c->text, "    static const double k%" PRIu32 "[%" PRIu32 "] = {", r->table,
                  ad_plan_table_size(&c->plan, r));
    for (table_walk t = begin(c, r, operand, node); t.left; advance(&t)) {
        c_expression e;
        begin_expression(&e);
        put_number(&e, c->plan.program->constant[constant_at(c, r, operand, node, t.counter)]);
        ad_stream_add(&c->text, "%s%s%s", between, t.left % 8 ? "" : "\n        ", e.text);
        between = t.left % 8 == 1 ? "," : ", ";
    }
    ad_stream_add(&c->text, "};\n");
}

/* The least address: the others are written as what they are above it. */
static uint32_t least_address(ad_c_text *c, ad_plan_read *r, uint32_t *most)
{
    uint32_t least = UINT32_MAX;
    *most = 0;
    for (table_walk t = begin(c, r, 0, 0); t.left; advance(&t)) {
        const uint32_t address = address_at(&c->plan, r, t.counter);
        least = address < least ? address : least;
        *most = address > *most ? address : *most;
    }
    return least;
}

static bool same_table(ad_c_text *c, ad_plan_read *x, ad_plan_read *y)
{
    table_walk a = begin(c, x, 0, 0), b = begin(c, y, 0, 0);
    if (a.left != b.left)
        return false;
    for (; a.left; advance(&a), advance(&b))
        if (address_at(&c->plan, x, a.counter) - x->from !=
            address_at(&c->plan, y, b.counter) - y->from)
            return false;
    return true;
}

/* One of the tables from read `from` on that are like it. */
static bool find_table(ad_c_text *c, ad_plan_read *r, uint32_t from)
{
    for (ad_plan_read *other = ad_plan_read_at(&c->plan, from); other < r; other++)
        if (other->source == AD_PLAN_TABLE && other->part == r->part &&
            other->table == (uint32_t)(other - ad_plan_read_at(&c->plan, 0)) &&
            same_table(c, other, r)) {
            r->table = other->table;
            return true;
        }
    return false;
}

static void write_addresses(ad_c_text *c, ad_plan_read *r)
{
    enum { FAR_BACK = 4096 };
    const char *between = "";
    uint32_t most;
    const uint32_t index = (uint32_t)(r - ad_plan_read_at(&c->plan, 0));
    r->from = least_address(c, r, &most);
    if (find_table(c, r, index > FAR_BACK ? index - FAR_BACK : 0))
        return;
    r->table = index;
    ad_stream_add(&c->text, "    static const uint%d_t a%" PRIu32 "[%" PRIu32 "] = {",
                  most - r->from < 65536 ? 16 : 32, r->table, ad_plan_table_size(&c->plan, r));
    for (table_walk t = begin(c, r, 0, 0); t.left; advance(&t)) {
        ad_stream_add(&c->text, "%s%s%" PRIu32 "U", between, t.left % 16 ? "" : "\n        ",
                      address_at(&c->plan, r, t.counter) - r->from);
        between = t.left % 16 == 1 ? "," : ", ";
    }
    ad_stream_add(&c->text, "};\n");
}

static void write_table(ad_c_text *c, ad_plan_read *r, uint32_t operand, uint32_t node)
{
    c->uses_inputs = c->uses_inputs || r->source == AD_PLAN_INPUT;
    c->uses_memory = c->uses_memory || r->source == AD_PLAN_MEMORY || r->source == AD_PLAN_TABLE;
    if (r->source == AD_PLAN_CONSTANTS)
        write_constants(c, r, operand, node);
    else if (r->source == AD_PLAN_TABLE)
        write_addresses(c, r);
}

void ad_c_write_tables(ad_c_text *c, uint32_t part)
{
    const ad_plan *plan = &c->plan;
    c->uses_inputs = c->uses_memory = false;
    for (uint32_t i = c->statement; i < plan->statements.count; c->statement = ++i) {
        const ad_plan_statement *s = ad_plan_statement_at(plan, i);
        if (s->part != part)
            break;
        c->uses_memory = c->uses_memory || s->stored;
        for (uint32_t k = 0; k < ad_program_ops[plan->program->node[s->node].op].arity; k++)
            write_table(c, ad_plan_read_at(plan, s->read + k), k, s->node);
    }
    for (uint32_t i = 0; i < plan->carried.count; i++) {
        ad_plan_read *start = ad_plan_read_at(plan, ad_plan_carried_at(plan, i)->start);
        if (start->part == part)
            write_table(c, start, 0, 0);
    }
    for (uint32_t i = 0; i < plan->outputs.count; i++) {
        const ad_plan_outputs *o = ad_plan_outputs_at(plan, i);
        if (ad_plan_read_at(plan, o->read)->part == part)
            write_table(c, ad_plan_read_at(plan, o->read), o->first, AD_PLAN_NONE);
    }
}

/* ---- statements --------------------------------------------------------------------- */

static void indent(ad_c_text *c, uint32_t depth)
{
    for (uint32_t k = 0; k <= depth; k++)
        ad_stream_add_bytes(&c->text, "    ", 4);
}

static const char *infix(uint32_t op)
{
    switch (op) {
    case AD_PROGRAM_add:
        return "+";
    case AD_PROGRAM_sub:
        return "-";
    case AD_PROGRAM_mul:
        return "*";
    default:
        return op == AD_PROGRAM_div ? "/" : NULL;
    }
}

bool ad_c_is_function(uint32_t op)
{
    return !infix(op) && op != AD_PROGRAM_neg && op != AD_PROGRAM_reciprocal &&
           op != AD_PROGRAM_detach && op != AD_PROGRAM_guard;
}

static void put_operation(const ad_c_text *c, c_expression *e, const ad_plan_statement *s)
{
    const uint32_t op = c->plan.program->node[s->node].op, arity = ad_program_ops[op].arity;
    const char *between = infix(op);
    if (op == AD_PROGRAM_neg)
        put(e, "-");
    else if (op == AD_PROGRAM_reciprocal)
        put(e, "%s_K(0x1p+0) / ", c->capitals);
    else if (ad_c_is_function(op))
        put(e, "%s_%s(", c->name, ad_program_ops[op].name);
    for (uint32_t k = 0; k < arity; k++) {
        if (k)
            put(e, between ? " %s " : ", ", between);
        put_read(c, e, ad_plan_read_at(&c->plan, s->read + k));
    }
    if (ad_c_is_function(op))
        put(e, ")");
}

/* Steps of guards' numbers and of addresses, for put_affine. */
static void put_steps(const ad_c_text *c, c_expression *e, const ad_plan_statement *s, bool guard)
{
    uint32_t chain[AD_PLAN_DEEPEST];
    int32_t step[AD_PLAN_DEEPEST];
    const ad_program *p = c->plan.program;
    const uint32_t depth = ad_plan_chain(&c->plan, s->loop, chain);
    for (uint32_t k = 0; k < depth; k++) {
        const ad_plan_loop *l = ad_plan_loop_at(&c->plan, chain[k]);
        step[k] = guard ? (int32_t)ad_rolled_stride(p, s->node, l->period, 2) : (int32_t)l->stored;
    }
    put_affine(e, guard ? p->node[s->node].of[2] + 1 : s->address, depth, step, 0);
}

static void write_guard(ad_c_text *c, const ad_plan_statement *s, uint32_t depth)
{
    c_expression condition, number;
    begin_expression(&condition);
    begin_expression(&number);
    put_read(c, &condition, ad_plan_read_at(&c->plan, s->read));
    put_steps(c, &number, s, true);
    indent(c, depth);
    ad_stream_add(&c->text, "if (%s_differs(%s, %" PRIu32 ")) {\n", c->name, condition.text,
                  c->plan.program->node[s->node].of[1]);
    indent(c, depth + 1);
    ad_stream_add(&c->text, "return (int)(%s);\n", number.text);
    indent(c, depth);
    ad_stream_add(&c->text, "}\n");
}

static void write_statement(ad_c_text *c, uint32_t statement)
{
    const ad_plan_statement *s = ad_plan_statement_at(&c->plan, statement);
    const uint32_t depth = ad_plan_depth(&c->plan, s->loop);
    c_expression value, place;
    if (c->plan.program->node[s->node].op == AD_PROGRAM_guard) {
        write_guard(c, s, depth);
        return;
    }
    begin_expression(&value);
    begin_expression(&place);
    put_operation(c, &value, s);
    indent(c, depth);
    if (s->level == depth)
        ad_stream_add(&c->text, "const %s_real ", c->name);
    ad_stream_add(&c->text, "t%" PRIu32 " = %s;\n", statement, value.text);
    if (!s->stored)
        return;
    put_steps(c, &place, s, false);
    indent(c, depth);
    ad_stream_add(&c->text, "v[%s] = t%" PRIu32 ";\n", place.text, statement);
}

/* ---- loops -------------------------------------------------------------------------- */

static void write_start(ad_c_text *c, uint32_t carried, uint32_t depth)
{
    c_expression start;
    begin_expression(&start);
    put_read(c, &start, ad_plan_read_at(&c->plan, ad_plan_carried_at(&c->plan, carried)->start));
    indent(c, depth);
    ad_stream_add(&c->text, "%s_real c%" PRIu32 " = %s;\n", c->name, carried, start.text);
}

/* Calls f for each variable that the loop carries. */
static void each_carried(ad_c_text *c, uint32_t loop,
                         void (*f)(ad_c_text *c, uint32_t carried, uint32_t depth), uint32_t depth)
{
    const ad_plan *plan = &c->plan;
    const ad_plan_loop *l = ad_plan_loop_at(plan, loop);
    for (uint32_t i = l->open; i < l->close; i++) {
        const ad_plan_event *event = ad_plan_event_at(plan, i);
        if (event->kind != AD_PLAN_STATEMENT)
            continue;
        uint32_t at = ad_plan_statement_at(plan, event->at)->carried;
        for (; at != AD_PLAN_NONE; at = ad_plan_carried_at(plan, at)->next)
            if (ad_plan_carried_at(plan, at)->loop == loop)
                f(c, at, depth);
    }
}

/* Variables of statements within the loop that are read after it. The loop sets them: the 0 is for analysers. */
static void declare_left(ad_c_text *c, const ad_plan_loop *l)
{
    for (uint32_t i = l->open; i < l->close; i++) {
        const ad_plan_event *event = ad_plan_event_at(&c->plan, i);
        if (event->kind != AD_PLAN_STATEMENT ||
            ad_plan_statement_at(&c->plan, event->at)->level != l->depth - 1)
            continue;
        indent(c, l->depth - 1);
        ad_stream_add(&c->text, "%s_real t%" PRIu32 " = {0};\n", c->name, event->at);
    }
}

static void open_loop(ad_c_text *c, uint32_t loop)
{
    const ad_plan_loop *l = ad_plan_loop_at(&c->plan, loop);
    const uint32_t i = l->depth - 1;
    declare_left(c, l);
    each_carried(c, loop, write_start, i);
    indent(c, i);
    ad_stream_add(&c->text,
                  "for (size_t i%" PRIu32 " = 0; i%" PRIu32 " < %" PRIu32 "U; i%" PRIu32 "++) {\n",
                  i, i, l->times, i);
}

static void write_carrying(ad_c_text *c, uint32_t carried, uint32_t depth)
{
    indent(c, depth);
    ad_stream_add(&c->text, "c%" PRIu32 " = t%" PRIu32 ";\n", carried,
                  ad_plan_carried_at(&c->plan, carried)->statement);
}

static void close_loop(ad_c_text *c, uint32_t loop)
{
    const uint32_t depth = ad_plan_depth(&c->plan, loop);
    each_carried(c, loop, write_carrying, depth);
    indent(c, depth - 1);
    ad_stream_add(&c->text, "}\n");
}

static uint32_t part_of(const ad_plan *plan, const ad_plan_event *event)
{
    return event->kind == AD_PLAN_STATEMENT ? ad_plan_statement_at(plan, event->at)->part
                                            : ad_plan_loop_at(plan, event->at)->part;
}

void ad_c_write_part(ad_c_text *c, uint32_t part)
{
    for (uint32_t i = c->event; i < c->plan.events.count; c->event = ++i) {
        const ad_plan_event *event = ad_plan_event_at(&c->plan, i);
        if (part_of(&c->plan, event) != part)
            return;
        if (event->kind == AD_PLAN_STATEMENT)
            write_statement(c, event->at);
        else if (event->kind == AD_PLAN_OPEN)
            open_loop(c, event->at);
        else
            close_loop(c, event->at);
    }
}

/* ---- outputs ------------------------------------------------------------------------ */

void ad_c_write_outputs(ad_c_text *c)
{
    for (uint32_t i = 0; i < c->plan.outputs.count; i++) {
        const ad_plan_outputs *o = ad_plan_outputs_at(&c->plan, i);
        c_expression value, place;
        begin_expression(&value);
        begin_expression(&place);
        put_read(c, &value, ad_plan_read_at(&c->plan, o->read));
        put_affine(&place, o->first, o->count > 1, (const int32_t[]){1}, 0);
        if (o->count > 1)
            ad_stream_add(&c->text, "    for (size_t i0 = 0; i0 < %" PRIu32 "U; i0++) {\n    ",
                          o->count);
        ad_stream_add(&c->text, "    y[%s] = %s;\n%s", place.text, value.text,
                      o->count > 1 ? "    }\n" : "");
    }
}
