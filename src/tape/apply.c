/* Recording: running an op on operands and putting the result on the tape. */
#include "tape/apply.h"

#include "tape/failure.h"
#include "tape/rule.h"
#include "tape/show.h"
#include "tape/watch.h"

#include <string.h>

/* ---- the call ---------------------------------------------------------------------- */

enum { FEW = 4 };

/* Views and shapes are large, and most values have few axes: only what is read is written here. */
typedef struct call {
    ad_tape *tape;
    const ad_op *op;
    unsigned inherited;   /* flags that some operand has */
    unsigned common;      /* flags that every operand has */
    uint32_t *operand;    /* [arity] nodes */
    ad_view *x;           /* [arity] */
    ad_shape *shape;      /* [arity] */
    ad_type *type;        /* [arity] */
    size_t count;         /* of the result */
    void *room;           /* the lists above, when they are too long for the stack */
    ad_forward_args args; /* for the kernel; until then, the result's type and shape */
} call;

typedef struct call_room {
    uint32_t operand[FEW];
    ad_view x[FEW];
    ad_shape shape[FEW];
    ad_type type[FEW];
} call_room;

static void begin(call *c, ad_tape *t, const ad_op *op, const void *attr)
{
    c->tape = t;
    c->op = c->args.op = op;
    c->args.size = sizeof c->args;
    c->inherited = 0;
    c->common = ~0u;
    c->room = NULL;
    c->args.arity = 0;
    c->args.attr = attr;
    c->args.work = &t->work;
    c->args.run = 0;
    c->args.y.data = NULL;
    c->args.y.type = AD_F32;
    c->args.y.shape.rank = 0;
    c->args.y.allocator = NULL;
}

static bool refuse(const call *c, ad_status status, const char *reason)
{
    char text[256];
    ad_tape_fail(c->tape, status, "%s: %s",
                 ad_call_print(c->op->name, c->args.arity, c->x, text, sizeof text), reason);
    return false;
}

/* Checks that need no operand. */
static bool good_op(const call *c, int n)
{
    const ad_op *op = c->op;
    const char *wrong = NULL;
    if (op->size < AD_OP_FIRST_SIZE)
        wrong = "the op begins without .size = sizeof(ad_op)";
    else if (n < 1 || (op->arity != AD_VARIADIC && n != op->arity))
        wrong = "wrong number of operands";
    else if (!op->shape || (!op->forward && !op->view))
        wrong = "the op needs a shape rule and a forward kernel or a view rule";
    else if (!op->pullback && !(op->flags & (AD_OP_NO_DERIVATIVE | AD_OP_STOPS)))
        wrong = "the op has no pullback and does not declare AD_OP_NO_DERIVATIVE";
    else if (op->attr_size && !c->args.attr)
        wrong = "the op needs an attr";
    if (wrong)
        ad_tape_fail(c->tape, AD_MISUSE, "%s: %s", op->name, wrong);
    return !wrong;
}

/* Bytes of the lists for n operands, when they are too many for the stack. */
static size_t room_size(size_t n)
{
    const call *c = NULL;
    size_t each = sizeof *c->x + sizeof *c->shape + sizeof *c->type + sizeof *c->operand;
    return ad_size_mul(n, each);
}

static bool make_room(call *c, call_room *few, int n)
{
    size_t count = (size_t)n;
    if (n <= FEW) {
        c->operand = few->operand;
        c->args.x = c->x = few->x;
        c->shape = few->shape;
        c->type = few->type;
        return true;
    }
    c->room = ad_recycler_take(&c->tape->buffers, room_size(count));
    if (!c->room) {
        ad_tape_fail(c->tape, AD_MEMORY, "%s: memory ran out (for %d operands)", c->op->name, n);
        return false;
    }
    c->args.x = c->x = c->room;
    c->shape = (ad_shape *)(c->x + count);
    c->type = (ad_type *)(c->shape + count);
    c->operand = (uint32_t *)(c->type + count);
    return true;
}

/* The type that plain numbers among the operands take: the first tensor's that is no mask. */
static ad_type number_type(const ad_tensor *x, int n)
{
    ad_type type = AD_TYPE_COUNT;
    for (int i = 0; i < n; i++) {
        const ad_node *node = ad_tape_node(x[i]);
        if (node && (type == AD_TYPE_COUNT || type == AD_BOOL))
            type = (ad_type)node->type;
    }
    return type == AD_TYPE_COUNT ? AD_F64 : type;
}

static bool takes_strides(const ad_op *op)
{
    return op->flags & AD_OP_STRIDED || op->view;
}

/* Makes a usable node of operand i when it is none yet: a number, or numbers at strides. NULL with
 * an error where there is no way. */
static AD_APART const ad_node *adapt(const call *c, int i, const ad_tensor *given, int n,
                                     uint32_t *index)
{
    ad_tensor x = given[i];
    const char *source_line = ad_tape_source_line(c->tape);
    if (!x.tape)
        x = ad_constant(c->tape, number_type(given, n), ad_item(x));
    if (x.tape != c->tape) {
        ad_tape_fail(c->tape, AD_FOREIGN, "%s: operand %d belongs to %s", c->op->name, i,
                     x.tape == c->tape->outer ? "the outer tape: make it an operand of the function"
                                              : "another tape");
        return NULL;
    }
    const ad_node *node = ad_tape_node(x);
    if (node && !takes_strides(c->op) && !(node->flags & AD_NODE_CONTIGUOUS)) {
        ad_tape_at_line(c->tape, source_line);
        x = ad_apply(&ad_contiguous_op, &x, NULL);
        node = ad_tape_node(x);
    }
    if (!node)
        ad_tape_fail(c->tape, AD_STALE, "%s: operand %d is gone: a reset or rewind ended it",
                     c->op->name, i);
    ad_tape_at_line(c->tape, source_line);
    *index = ad_tensor_index(x);
    return node;
}

static inline void see(call *c, int i, uint32_t index, const ad_node *n)
{
    c->operand[i] = index;
    c->inherited |= n->flags;
    c->common &= n->flags;
    c->type[i] = (ad_type)n->type;
    ad_node_measure(n, &c->shape[i]);
    ad_node_look(n, &c->x[i]);
}

static bool resolve(call *c, const ad_tensor *given, int n)
{
    bool strided = takes_strides(c->op);
    for (int i = 0; i < n; i++, c->args.arity++) {
        uint32_t index = ad_tensor_index(given[i]);
        const ad_node *node = given[i].tape == c->tape ? ad_tape_node(given[i]) : NULL;
        if (!node || !(strided || node->flags & AD_NODE_CONTIGUOUS))
            node = adapt(c, i, given, n, &index);
        if (!node)
            return false;
        see(c, i, index, node);
    }
    return true;
}

static inline bool same_shape(const ad_shape *a, const ad_shape *b)
{
    if (a->rank != b->rank)
        return false;
    for (int i = 0; i < a->rank; i++)
        if (a->dim[i] != b->dim[i])
            return false;
    return true;
}

static bool is_float(ad_type type)
{
    return type == AD_F32 || type == AD_F64;
}

static const char *one_float_type(const ad_type *x, int n, ad_type *y)
{
    for (int i = 0; i < n; i++) {
        if (!is_float(x[i]))
            return "operands must be f32 or f64 (ad_cast converts)";
        if (x[i] != x[0])
            return "operands must have one type, here are f32 and f64 (ad_cast converts)";
    }
    *y = x[0];
    return NULL;
}

/* Asks the type and shape rules. */
static bool fit(call *c)
{
    const char *wrong = c->op->type ? c->op->type(c->type, c->args.attr, &c->args.y.type)
                                    : one_float_type(c->type, c->args.arity, &c->args.y.type);
    if (wrong)
        return refuse(c, AD_BAD_TYPE, wrong);
    wrong = c->op->shape(c->shape, c->args.attr, &c->args.y.shape);
    if (wrong)
        return refuse(c, AD_BAD_SHAPE, wrong);
    ad_status status = ad_shape_count(&c->args.y.shape, &c->count);
    if (status != AD_OK || (unsigned)c->args.y.type >= AD_TYPE_COUNT)
        return refuse(c, status != AD_OK ? status : AD_BAD_TYPE,
                      "the result's shape or type is impossible");
    return true;
}

/* The elements of a plain loop over the operands and the result; 0: none will do. */
static size_t common_run(const call *c)
{
    if (!(c->common & AD_NODE_CONTIGUOUS))
        return 0;
    for (int i = 0; i < c->args.arity; i++)
        if (!same_shape(&c->shape[i], &c->args.y.shape))
            return 0;
    return c->count;
}

/* What the result inherits: a derivative, a lost derivative, or neither. */
static unsigned result_flags(const call *c)
{
    unsigned from = c->inherited & (AD_NODE_TRACKED | AD_NODE_SEVERED);
    if (!from || c->op->flags & AD_OP_STOPS)
        return 0;
    if (c->op->flags & AD_OP_NO_DERIVATIVE || !is_float(c->args.y.type))
        return AD_NODE_SEVERED;
    return from;
}

static ad_tensor keep(const call *c, ad_node *n)
{
    n->flags |= (uint16_t)(result_flags(c) | (c->args.run ? AD_NODE_RUN : 0));
    c->tape->severed = c->tape->severed || n->flags & AD_NODE_SEVERED;
    for (int i = 0; i < c->args.arity; i++)
        ad_node_operands(n)[i] = c->operand[i];
    if (c->op->attr_size)
        memcpy(ad_node_attr(n), c->args.attr, c->op->attr_size);
    ad_tensor y = ad_tape_keep(c->tape, n);
    if (c->tape->tracer)
        ad_trace_event(c->tape, AD_EVENT_FORWARD, n);
    return y;
}

/* ---- results of their own numbers -------------------------------------------------- */

static AD_APART bool bad_result(const call *c, const ad_node *n)
{
    ad_outcome o = {"", "the result", -1, n, c->operand, c->x, ad_node_rows(n, n->data), {0}};
    return !ad_not_finite(c->tape, &o);
}

static bool compute(call *c, ad_node *n, size_t saved_bytes)
{
    ad_tape *t = c->tape;
    ad_arena_mark before = ad_arena_here(&t->values);
    if (saved_bytes && !(n->saved = ad_arena_take(&t->values, saved_bytes, AD_ALIGNMENT)))
        return refuse(c, AD_MEMORY, "memory ran out (for what the pullback needs)");
    c->args.saved = n->saved;
    c->args.run = common_run(c);
    ad_arena_mark start = ad_kernel_begin(t, c->op);
    if (c->op->check)
        c->op->check(&c->args);
    if (t->work.rejected.status == AD_OK) {
        c->args.y.data = n->data;
        c->op->forward(&c->args);
    }
    if (!ad_kernel_end(t, start, "", c->args.arity, c->x) ||
        (t->checks & AD_CHECK_NUMBERS && !ad_all_finite(t->work.isa, n->type, n->data, n->count) &&
         bad_result(c, n)))
        return false;
    if (saved_bytes &&
        !(result_flags(c) & AD_NODE_TRACKED)) { /* nobody will ask for what was saved */
        ad_arena_return(&t->values, before);
        n->saved = NULL;
    }
    return true;
}

static ad_tensor record(call *c)
{
    ad_tape *t = c->tape;
    ad_arena_mark start = ad_arena_here(&t->values);
    ad_node_plan plan = {c->op, c->args.arity, c->args.y.type, &c->args.y.shape,
                         NULL,  NULL,          c->count};
    size_t saved = c->op->saved ? c->op->saved(c->type, c->shape, c->args.attr) : 0;
    ad_node *n = ad_tape_plan(t, &plan);
    if (n && compute(c, n, saved))
        return keep(c, n);
    ad_arena_return(&t->values, start);
    return ad_tape_dead(t);
}

/* ---- results that look at an operand's numbers ------------------------------------- */

static bool view_operand(const call *c, ad_view *y)
{
    *y = c->x[0];
    y->shape = c->args.y.shape;
    return c->op->view(&c->x[0], c->args.attr, y);
}

static ad_tensor record_view(call *c)
{
    ad_view y;
    ad_tape *t = c->tape;
    if (!view_operand(c, &y)) {
        ad_tensor copy = ad_tape_handle(t, c->operand[0]);
        const char *source_line = ad_tape_source_line(t);
        copy = ad_apply(&ad_contiguous_op, &copy, NULL);
        ad_tape_at_line(t, source_line);
        const ad_node *n = ad_tape_node(copy);
        if (n)
            see(c, 0, ad_tensor_index(copy), n);
        if (!n || !view_operand(c, &y)) {
            refuse(c, AD_MISUSE, "the view rule failed on contiguous numbers");
            return ad_tape_dead(t);
        }
    }
    ad_node_plan plan = {c->op,    c->args.arity, c->args.y.type, &c->args.y.shape,
                         y.stride, y.data,        c->count};
    ad_node *n = ad_tape_plan(t, &plan);
    return n ? keep(c, n) : ad_tape_dead(t);
}

/* ---- the public calls -------------------------------------------------------------- */

static ad_tape *tape_of(const ad_tensor *x, int n)
{
    for (int i = 0; i < n; i++)
        if (x[i].tape)
            return x[i].tape;
    return NULL;
}

ad_tensor ad_apply_n(const ad_op *op, int n, const ad_tensor *x, const void *attr)
{
    ad_tape *t = x ? tape_of(x, n) : NULL;
    if (!t || !op || !op->name || !ad_tape_enter(t, op->name)) {
        if (t && !(op && op->name))
            ad_tape_fail(t, AD_MISUSE, "apply: there is no op, or it has no name");
        return ad_tape_dead(t);
    }
    call c;
    call_room few;
    ad_tensor y = ad_tape_dead(t);
    begin(&c, t, op, attr);
    if (good_op(&c, n) && make_room(&c, &few, n) && resolve(&c, x, n) && fit(&c))
        y = op->view ? record_view(&c) : record(&c);
    if (c.room)
        ad_recycler_give(&t->buffers, c.room, room_size((size_t)n));
    ad_tape_leave(t);
    return y;
}

bool ad_fits(const ad_op *form, const ad_tensor *x, const void *attr)
{
    call c;
    call_room few;
    ad_tape *t = tape_of(x, form->arity);
    if (!t || !ad_tape_enter(t, form->name))
        return false;
    begin(&c, t, form, attr);
    bool good = make_room(&c, &few, form->arity) && resolve(&c, x, form->arity) && fit(&c);
    ad_tape_leave(t);
    return good;
}

ad_tensor ad_apply(const ad_op *op, const ad_tensor *x, const void *attr)
{
    if (op && op->arity >= 1)
        return ad_apply_n(op, op->arity, x, attr);
    ad_tape *t = x ? x->tape : NULL;
    ad_tape_fail(t, AD_MISUSE, "apply: there is no op, or its arity is not a number (ad_apply_n)");
    return ad_tape_dead(t);
}
