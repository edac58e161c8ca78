/* The public calls that start and drive the reverse sweep, and read what it leaves. */
#include "tape/sweep.h"

#include "array/strided.h"
#include "tape/failure.h"
#include "tape/reach.h"
#include "tape/tangent.h"

/* ---- from one, or from cotangents -------------------------------------------------- */

static ad_status sweep_from_one(ad_tensor y, size_t operations)
{
    AD_DOOR(y.tape, "backward", AD_BUSY);
    if (!ad_sweep_root("backward", y, true))
        return ad_tape_status(y.tape);
    return ad_sweep_start(
        y, &(ad_sweep_plan){.name = "backward", .count = 1, .operations = operations});
}

static bool good_seed(ad_tape *t, const char *name, const ad_node *n, const ad_view *dy)
{
    char given[256], wanted[256];
    size_t count;
    ad_shape shape = ad_node_shape(n);
    ad_status status = ad_view_flaw(dy, &count, given, sizeof given);
    if (status != AD_OK)
        ad_tape_fail(t, status, "%s: the cotangent: %s", name, given);
    else if (dy->type != (ad_type)n->type)
        ad_tape_fail(t, AD_BAD_TYPE, "%s: the cotangent has type %s, the root has %s", name,
                     ad_type_text(dy->type), ad_type_text((ad_type)n->type));
    else if (!ad_shape_equal(&dy->shape, &shape))
        ad_tape_fail(t, AD_BAD_SHAPE, "%s: the cotangent has shape %s, the root has %s", name,
                     ad_shape_print(&dy->shape, given, sizeof given),
                     ad_shape_print(&shape, wanted, sizeof wanted));
    return t->error.status == AD_OK;
}

static bool good_seeds(ad_tape *t, const ad_node *n, int count, const ad_view *dy)
{
    bool good = count >= 1 && dy;
    if (!good)
        ad_tape_fail(t, AD_MISUSE, "backward: there must be at least one cotangent");
    for (int i = 0; good && i < count; i++)
        good = good_seed(t, "backward", n, &dy[i]);
    return good;
}

static ad_status sweep_from(ad_tensor y, int count, const ad_view *dy, size_t operations)
{
    AD_DOOR(y.tape, "backward", AD_BUSY);
    ad_sweep_plan plan = {
        .name = "backward", .count = (uint32_t)count, .dy = dy, .operations = operations};
    ad_node *n = ad_sweep_root("backward", y, false);
    if (n && good_seeds(y.tape, n, count, dy))
        return ad_sweep_start(y, &plan);
    if (n)
        ad_tape_leave(y.tape);
    return ad_tape_status(y.tape);
}

ad_status ad_backward(ad_tensor y)
{
    return sweep_from_one(y, SIZE_MAX);
}

ad_status ad_backward_from(ad_tensor y, ad_view dy)
{
    return sweep_from(y, 1, &dy, SIZE_MAX);
}

ad_status ad_backward_many(ad_tensor y, int count, const ad_view *dy)
{
    return sweep_from(y, count, dy, SIZE_MAX);
}

ad_status ad_backward_onto(ad_tensor y, double weight, const ad_sums *sums)
{
    AD_DOOR(y.tape, "backward", AD_BUSY);
    ad_node *n = ad_sweep_root("backward", y, true);
    if (!n)
        return ad_tape_status(y.tape);
    float narrow = (float)weight;
    const void *seed = n->type == AD_F32 ? (const void *)&narrow : &weight;
    ad_view dy = ad_node_rows(n, seed);
    ad_sweep_plan plan = {"backward", 1, &dy, NULL, AD_FIRST_ORDER, SIZE_MAX, sums};
    return ad_sweep_start(y, &plan);
}

/* ---- in slices --------------------------------------------------------------------- */

ad_status ad_sweep_begin(ad_tensor y)
{
    return sweep_from_one(y, 0);
}

ad_status ad_sweep_begin_from(ad_tensor y, ad_view dy)
{
    return sweep_from(y, 1, &dy, 0);
}

bool ad_sweep_step(ad_tape *t, size_t operations)
{
    AD_DOOR(t, "sweep_step", false);
    if (!t || !ad_tape_enter(t, "sweep_step"))
        return false;
    if (t->sweep_root != AD_NO_NODE)
        ad_sweep_go_on(t, AD_FIRST_ORDER, operations);
    bool more = t->sweep_root != AD_NO_NODE;
    ad_tape_leave(t);
    return more;
}

void ad_sweep_cancel(ad_tape *t)
{
    if (!t || !ad_tape_take_over(t, "sweep_cancel"))
        return;
    ad_sweep_drop(t);
    ad_tape_leave(t);
}

void ad_tape_poll(ad_tape *t, ad_poll *poll, void *user)
{
    if (!t || !ad_tape_take_over(t, "poll"))
        return;
    t->poll = poll;
    t->poll_user = user;
    t->looked_on = t->tracer || t->poll;
    ad_tape_leave(t);
}

/* ---- reading ----------------------------------------------------------------------- */

static bool keeps_cotangent(const ad_node *n)
{
    return n && n->flags & (AD_NODE_WATCHED | AD_NODE_RETAINED);
}

ad_view ad_grad(ad_tensor x)
{
    return ad_grad_at(x, 0);
}

ad_view ad_grad_at(ad_tensor x, int i)
{
    AD_READING(x.tape, "grad", (ad_view){0});
    const ad_node *n = ad_tape_node(x);
    bool there = keeps_cotangent(n) && n->cotangent && x.tape->sweep_root == AD_NO_NODE;
    return there ? ad_node_block(n, n->cotangent, x.tape->cotangents, i) : (ad_view){0};
}

bool ad_reached(ad_tensor x)
{
    AD_READING(x.tape, "reached", false);
    const ad_node *n = ad_tape_node(x);
    return n && n->flags & AD_NODE_REACHED;
}

/* ---- forward over reverse ---------------------------------------------------------- */

/* On a tape that was entered. */
static ad_status sweep_tangents(const char *name, ad_tensor y, const ad_view *dy,
                                const ad_view *tdy)
{
    ad_tape *t = y.tape;
    ad_sweep_plan plan = {name, 1, dy, tdy, AD_SECOND_ORDER, SIZE_MAX, NULL};
    bool pushed = t->pushed != AD_NO_NODE && t->pushed >= ad_tensor_index(y);
    if (pushed && ad_room_for_tangents(t, t->count))
        return ad_sweep_start(y, &plan);
    if (!pushed)
        ad_tape_fail(t, AD_MISUSE, "%s: first carry the tangents to the root (ad_push_tangents)",
                     name);
    return ad_tape_leave_with_status(t);
}

ad_status ad_backward_tangents(ad_tensor y)
{
    AD_DOOR(y.tape, "backward_tangents", AD_BUSY);
    if (!ad_sweep_root("backward_tangents", y, true))
        return ad_tape_status(y.tape);
    return sweep_tangents("backward_tangents", y, NULL, NULL);
}

ad_status ad_backward_tangents_from(ad_tensor y, ad_view dy, ad_view tdy)
{
    const char *name = "backward_tangents";
    AD_DOOR(y.tape, name, AD_BUSY);
    const ad_node *n = ad_sweep_root(name, y, false);
    if (!n)
        return ad_tape_status(y.tape);
    if (tdy.data && y.tape->directions != 1)
        ad_tape_fail(y.tape, AD_MISUSE,
                     "%s: the cotangent cannot have a tangent with %u directions", name,
                     y.tape->directions);
    else if (good_seed(y.tape, name, n, &dy) && (!tdy.data || good_seed(y.tape, name, n, &tdy)))
        return sweep_tangents(name, y, &dy, tdy.data ? &tdy : NULL);
    return ad_tape_leave_with_status(y.tape);
}

ad_view ad_grad_tangent(ad_tensor x)
{
    return ad_grad_tangent_at(x, 0);
}

ad_view ad_grad_tangent_at(ad_tensor x, int i)
{
    AD_READING(x.tape, "grad_tangent", (ad_view){0});
    const ad_node *n = ad_tape_node(x);
    bool there = keeps_cotangent(n) && ad_tensor_index(x) < x.tape->tangents_count;
    void *tdx = there ? x.tape->tangents[ad_tensor_index(x)].tdx : NULL;
    return tdx ? ad_node_block(n, tdx, x.tape->directions, i) : (ad_view){0};
}
