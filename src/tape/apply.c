/* Applies an op: finds its operands, checks that they fit, and predicts the results'
 * types and shapes. */
#include "tape/apply.h"

#include "tape/failure.h"
#include "tape/fast_path.h"
#include "tape/recording.h"
#include "tape/rule.h"

/* ---- the call ---------------------------------------------------------------------- */

enum { FEW = 4 };

#define AD_OP_FLAGS \
    (unsigned)(AD_OP_NO_DERIVATIVE | AD_OP_STRIDED | AD_OP_ASSIGNS | AD_OP_LINEAR | AD_OP_STOPS)

/* A call, and its lists: on the stack, unless they are long. */
typedef struct call {
    ad_recording r;
    ad_shape *result_shape; /* [results], for the shape rule; one result's is r.args.y.shape */
    ad_type *result_type;   /* [results], likewise */
    void *room;             /* of the lists, when they are not on the stack, and its bytes */
    size_t room_bytes;
    uint32_t operand[FEW];
    ad_view x[FEW];
    ad_shape shape[FEW];
    ad_type type[FEW];
} call;

static void begin(call *c, ad_tape *t, const ad_op *op, const void *attr, int results)
{
    ad_recording *r = &c->r;
    c->room = NULL;
    r->tape = t;
    r->op = r->args.op = op;
    r->inherited = 0;
    r->common = ~0u;
    r->args.size = sizeof r->args;
    r->args.arity = 0;
    r->args.results = results;
    r->args.attr = attr;
    r->args.work = &t->work;
    r->args.run = 0;
    r->args.y.data = NULL;
    r->args.y.type = AD_F32;
    r->args.y.shape.rank = 0;
    r->args.y.allocator = NULL;
}

static AD_APART bool good_results(const call *c)
{
    const ad_op *op = c->r.op;
    int results = c->r.args.results, declared = op->results ? op->results : 1;
    if (results != declared && declared != AD_VARIADIC)
        ad_tape_fail(c->r.tape, AD_MISUSE, "%s: the call asks for %d result%s, but the op has %d",
                     op->name, results, results == 1 ? "" : "s", declared);
    else if (results > 1 && op->view)
        ad_tape_fail(c->r.tape, AD_MISUSE, "%s: an op with a view rule has one result", op->name);
    else
        return true;
    return false;
}

static AD_APART bool wrong_operands(const call *c, int n)
{
    const ad_op *op = c->r.op;
    ad_tape_fail(c->r.tape, AD_MISUSE, "%s: the call gives %d operand%s, but the op takes %d",
                 op->name, n, n == 1 ? "" : "s", op->arity);
    return false;
}

/* Checks that need no operand. */
static bool good_op(const call *c, int n)
{
    const ad_op *op = c->r.op;
    int results = c->r.args.results;
    bool plain = !op->results && results == 1;
    const char *wrong = NULL;
    if (op->size < AD_OP_FIRST_SIZE)
        wrong = "the op must begin with .size = sizeof(ad_op)";
    else if (op->arity != AD_VARIADIC && n != op->arity)
        return wrong_operands(c, n);
    else if (!plain && !good_results(c))
        return false;
    else if (!op->shape || (!op->forward && !op->view))
        wrong = "the op needs a shape rule and a forward kernel or a view rule";
    else if (!op->pullback && !(op->flags & (AD_OP_NO_DERIVATIVE | AD_OP_STOPS)))
        wrong = "the op has no pullback and does not declare AD_OP_NO_DERIVATIVE";
    else if (op->attr_size && !c->r.args.attr)
        wrong = "the op needs an attr";
    else if (op->flags & ~AD_OP_FLAGS)
        wrong = "the op has flags that do not exist";
    if (wrong)
        ad_tape_fail(c->r.tape, AD_MISUSE, "%s: %s", op->name, wrong);
    return !wrong;
}

/* Lists for many operands or several results. There is room for one result more than there are, to
 * find out whether the op's rules set more. */
static AD_APART bool make_room(call *c, int n)
{
    ad_recording *r = &c->r;
    size_t arity = (size_t)n, results = (size_t)r->args.results, slots = results + 1;
    size_t each = sizeof *r->x + sizeof *r->shape + sizeof *r->type + sizeof *r->operand;
    size_t every =
        sizeof *r->y + sizeof *c->result_shape + sizeof *r->count + sizeof *c->result_type;
    c->room_bytes = ad_size_add(ad_size_mul(arity, each), ad_size_mul(slots, every));
    c->room = ad_recycler_take(&r->tape->buffers, c->room_bytes);
    if (!c->room) {
        ad_tape_fail(r->tape, AD_MEMORY, "%s: memory ran out (for %d operands and %zu results)",
                     r->op->name, n, results);
        return false;
    }
    r->x = c->room;
    r->shape = (ad_shape *)(r->x + arity);
    ad_array *y = (ad_array *)(r->shape + arity);
    ad_shape *result_shape = (ad_shape *)(y + slots);
    size_t *count = (size_t *)(result_shape + slots);
    r->type = (ad_type *)(count + slots);
    ad_type *result_type = r->type + arity;
    r->operand = (uint32_t *)(result_type + slots);
    if (results > 1) {
        r->args.ys = r->y = y;
        r->count = count;
        c->result_shape = result_shape;
        c->result_type = result_type;
    }
    return true;
}

static inline bool make_lists(call *c, int n)
{
    ad_recording *r = &c->r;
    r->operand = c->operand;
    r->x = c->x;
    r->shape = c->shape;
    r->type = c->type;
    r->args.ys = &r->args.y;
    bool good = (n <= FEW && r->args.results == 1) || make_room(c, n);
    r->args.x = r->x;
    return good;
}

/* The type that plain numbers among the operands take: that of the first tensor that
 * is not a mask. */
static ad_type number_type(const ad_tape *t, const ad_tensor *x, int n)
{
    ad_type type = AD_TYPE_COUNT;
    for (int i = 0; i < n; i++) {
        const ad_node *node = x[i].tape == t ? ad_tape_node(x[i]) : NULL;
        if (node && (type == AD_TYPE_COUNT || type == AD_BOOL))
            type = (ad_type)node->type;
    }
    return type == AD_TYPE_COUNT ? AD_F64 : type;
}

static bool takes_strides(const ad_op *op)
{
    return op->flags & AD_OP_STRIDED || op->view;
}

/* Makes a node for operand i if it is a plain number, or a contiguous one if it is strided. NULL
 * with an error on failure. */
static AD_APART const ad_node *adapt(const ad_recording *r, int i, const ad_tensor *given, int n,
                                     uint32_t *index)
{
    ad_tensor x = given[i];
    const char *source_line = ad_tape_source_line(r->tape);
    if (!x.tape)
        x = ad_constant(r->tape, number_type(r->tape, given, n), ad_item(x));
    if (x.tape != r->tape) {
        ad_tape_fail(r->tape, AD_FOREIGN, "%s: operand %d belongs to %s", r->op->name, i,
                     x.tape == r->tape->outer ? "the outer tape: make it an operand of the function"
                                              : "another tape");
        return NULL;
    }
    const ad_node *node = ad_tape_node(x);
    if (node && !takes_strides(r->op) && !(node->flags & AD_NODE_CONTIGUOUS)) {
        ad_tape_at_line(r->tape, source_line);
        x = ad_apply(&ad_contiguous_op, &x, NULL);
        node = ad_tape_node(x);
    }
    if (!node)
        ad_tape_fail(r->tape, AD_STALE, "%s: operand %d is gone: a reset or rewind ended it",
                     r->op->name, i);
    ad_tape_at_line(r->tape, source_line);
    *index = ad_tensor_index(x);
    return node;
}

static bool resolve(ad_recording *r, const ad_tensor *given, int n)
{
    bool strided = takes_strides(r->op);
    for (int i = 0; i < n; i++, r->args.arity++) {
        uint32_t index = ad_tensor_index(given[i]);
        const ad_node *node = given[i].tape == r->tape ? ad_tape_node(given[i]) : NULL;
        if (!node || !(strided || node->flags & AD_NODE_CONTIGUOUS))
            node = adapt(r, i, given, n, &index);
        if (!node)
            return false;
        ad_recording_see(r, i, index, node);
    }
    return true;
}

static const char *one_float_type(const ad_recording *r, ad_type *y)
{
    const ad_type *x = r->type;
    for (int i = 0; i < r->args.arity; i++) {
        if (!ad_is_float(x[i]))
            return "operands must be f32 or f64 (ad_cast converts)";
        if (x[i] != x[0])
            return "operands must have one type, not f32 and f64 (ad_cast converts)";
    }
    for (int i = 0; i < r->args.results; i++)
        y[i] = x[0];
    return NULL;
}

static inline bool good_result(ad_recording *r, const ad_shape *shape, ad_type type, size_t *count)
{
    ad_status status = ad_shape_count(shape, count);
    if (status != AD_OK || (unsigned)type >= AD_TYPE_COUNT)
        return ad_recording_refuse(r, status != AD_OK ? status : AD_BAD_TYPE,
                                   "the result's shape or type is impossible");
    return true;
}

/* Asks the type and shape rules. */
static inline bool ask(ad_recording *r, ad_shape *shape, ad_type *type)
{
    const void *attr = r->args.attr;
    const char *wrong = r->op->type ? r->op->type(r->type, attr, type) : one_float_type(r, type);
    if (wrong)
        return ad_recording_refuse(r, AD_BAD_TYPE, wrong);
    wrong = r->op->shape(r->shape, attr, shape);
    return !wrong || ad_recording_refuse(r, AD_BAD_SHAPE, wrong);
}

/* What a rule leaves alone. */
static void unset(call *c, int i)
{
    c->result_shape[i].rank = -1;
    c->result_type[i] = AD_TYPE_COUNT;
}

static bool rules_have_set(const call *c, int i)
{
    char reason[80];
    if (c->result_shape[i].rank >= 0 && c->result_type[i] != AD_TYPE_COUNT)
        return true;
    snprintf(reason, sizeof reason, "the op's rules do not set the shape or the type of result %d",
             i);
    return ad_recording_refuse(&c->r, AD_MISUSE, reason);
}

static bool rules_set_no_more(const call *c)
{
    char reason[80];
    int n = c->r.args.results;
    if (c->result_shape[n].rank == -1 && c->result_type[n] == AD_TYPE_COUNT)
        return true;
    snprintf(reason, sizeof reason,
             "the op's rules set result %d, but the op has %d results (.results)", n, n);
    return ad_recording_refuse(&c->r, AD_MISUSE, reason);
}

static AD_APART bool fit_several(call *c)
{
    ad_recording *r = &c->r;
    for (int i = 0; i <= r->args.results; i++)
        unset(c, i);
    bool good = ask(r, c->result_shape, c->result_type) && rules_set_no_more(c);
    for (int i = 0; good && i < r->args.results; i++) {
        good = rules_have_set(c, i) &&
               good_result(r, &c->result_shape[i], c->result_type[i], &r->count[i]);
        r->y[i] = (ad_array){.type = c->result_type[i], .shape = c->result_shape[i]};
    }
    return good;
}

static inline bool fit(call *c)
{
    ad_array *y = &c->r.args.y;
    if (c->r.args.results > 1)
        return fit_several(c);
    return ask(&c->r, &y->shape, &y->type) &&
           good_result(&c->r, &y->shape, y->type, &c->r.one_count);
}

/* ---- ops that only look at their operand's numbers ---------------------------------- */

static bool copy_operand(ad_recording *r)
{
    ad_tape *t = r->tape;
    ad_tensor x = ad_tape_handle(t, r->operand[0]);
    const char *source_line = ad_tape_source_line(t);
    x = ad_apply(&ad_contiguous_op, &x, NULL);
    ad_tape_at_line(t, source_line);
    const ad_node *n = ad_tape_node(x);
    if (n)
        ad_recording_see(r, 0, ad_tensor_index(x), n);
    return n;
}

/* The numbers are copied where no strides can express the view. */
static ad_tensor look(ad_recording *r)
{
    ad_view y;
    if (ad_recording_look(r, &y) || (copy_operand(r) && ad_recording_look(r, &y)))
        return ad_recording_keep(r, &y);
    ad_recording_refuse(r, AD_MISUSE, "the view rule failed on contiguous numbers");
    return ad_tape_dead(r->tape);
}

/* ---- the public calls -------------------------------------------------------------- */

static inline bool begin_lists(call *c, const ad_tensor *x, int n)
{
    return make_lists(c, n) && resolve(&c->r, x, n) && fit(c);
}

static inline void end(call *c)
{
    if (c->room)
        ad_recycler_give(&c->r.tape->buffers, c->room, c->room_bytes);
    ad_line_used(c->r.tape);
    ad_tape_leave(c->r.tape);
}

/* The first result. */
static ad_tensor apply(const ad_op *op, int n, const ad_tensor *x, const void *attr, int results)
{
    ad_tape *t = ad_tape_of(x, n);
    if (!t || !op || !op->name || !ad_tape_enter(t, op->name)) {
        if (t && !(op && op->name))
            ad_tape_fail(t, AD_MISUSE, "apply: there is no op, or it has no name");
        return ad_tape_dead(t);
    }
    call c;
    ad_tensor y = ad_tape_dead(t);
    begin(&c, t, op, attr, results);
    if (good_op(&c, n) && begin_lists(&c, x, n))
        y = op->view ? look(&c.r) : ad_recording_compute(&c.r);
    end(&c);
    return y;
}

ad_tensor ad_apply_n(const ad_op *op, int n, const ad_tensor *x, const void *attr)
{
    return apply(op, n, x, attr, op && op->results > 1 ? op->results : 1);
}

static void all_dead(ad_tape *t, int results, ad_tensor *y)
{
    for (int i = 0; y && i < results; i++)
        y[i] = ad_tape_dead(t);
}

void ad_apply_results(const ad_op *op, int n, const ad_tensor *x, const void *attr, int results,
                      ad_tensor *y)
{
    ad_tape *t = ad_tape_of(x, n);
    AD_DOOR_TRY(open, t, op && op->name ? op->name : "apply");
    if (!open) {
        all_dead(t, results, y);
        return;
    }
    if (!y)
        ad_tape_fail(t, AD_MISUSE, "apply: there is no room for the results");
    else if (results < 1)
        ad_tape_fail(t, AD_MISUSE, "apply: the call asks for %d results", results);
    if (!y || results < 1)
        return;
    y[0] = apply(op, n, x, attr, results);
    const ad_node *first = ad_tape_node(y[0]);
    for (int i = 1; i < results; i++)
        y[i] = first ? ad_tape_handle(t, ad_tensor_index(y[0]) + (uint32_t)i) : y[0];
}

bool ad_fits(const ad_op *form, const ad_tensor *x, const void *attr)
{
    call c;
    ad_tape *t = ad_tape_of(x, form->arity);
    if (!t || !ad_tape_enter(t, form->name))
        return false;
    begin(&c, t, form, attr, 1);
    bool good = begin_lists(&c, x, form->arity);
    end(&c);
    return good;
}

ad_tensor ad_apply(const ad_op *op, const ad_tensor *x, const void *attr)
{
    ad_tensor y;
    if (op && x && ad_is_fast_op(op) && ad_fast_apply(op, x, &y))
        return y;
    if (op && op->arity >= 1)
        return apply(op, op->arity, x, attr, op->results > 1 ? op->results : 1);
    ad_tape *t = x ? x->tape : NULL;
    ad_tape_fail(t, AD_MISUSE, "apply: there is no op, or its arity is not a number (ad_apply_n)");
    return ad_tape_dead(t);
}
