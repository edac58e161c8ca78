/* How the arguments of a call are drawn: mostly so that it may succeed, now and then so that it cannot. */
#include "sequences.h"

#include <math.h>
#include <string.h>

/* ---- numbers ------------------------------------------------------------------------ */

/* SplitMix64. */
static uint64_t draw_bits(scene *s)
{
    uint64_t z = s->draw += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

uint64_t draw_below(scene *s, uint64_t n)
{
    return draw_bits(s) % n;
}

int64_t draw_int(scene *s, int64_t low, int64_t high)
{
    int64_t n = low + (int64_t)draw_below(s, (uint64_t)(high - low + 1));
    scene_tell(s, " %lld", (long long)n);
    return n;
}

int64_t draw_long(scene *s)
{
    static const int64_t some[] = {
        0, 1, 1, 2, 2, 3, 4, 5, -1, -2, 9, 1000, (int64_t)1 << 40, INT64_MAX, INT64_MIN, AD_OPEN};
    int64_t n = some[draw_below(s, draw_below(s, 4) ? 9 : sizeof some / sizeof *some)];
    scene_tell(s, " %lld", (long long)n);
    return n;
}

int draw_count(scene *s)
{
    static const int some[] = {1, 1, 1, 1, 2, 2, 2, 3, 4, 0, -1};
    int n = some[draw_below(s, sizeof some / sizeof *some)];
    scene_tell(s, " %d", n);
    return n;
}

double draw_double(scene *s)
{
    static const double some[] = {0.5, 1, 2, 0, -1, 0.25, 1e300, -1e300, INFINITY, -INFINITY, NAN};
    double x = some[draw_below(s, draw_below(s, 4) ? 6 : sizeof some / sizeof *some)];
    scene_tell(s, " %g", x);
    return x;
}

uint32_t draw_held(scene *s)
{
    uint32_t held = draw_below(s, 2) ? s->held[0] : (uint32_t)draw_below(s, 4);
    scene_tell(s, " %u", held);
    return held;
}

/* ---- shapes ------------------------------------------------------------------------- */

ad_shape draw_shape(scene *s)
{
    static const ad_shape usual[] = {{0},
                                     {1, {3}},
                                     {2, {2, 3}},
                                     {2, {3, 2}},
                                     {2, {2, 2}},
                                     {1, {1}},
                                     {2, {1, 3}},
                                     {1, {0}},
                                     {3, {2, 1, 3}},
                                     {1, {6}},
                                     {1, {-1}},
                                     {2, {0, 3}},
                                     {-1, {0}},
                                     {9, {1}},
                                     {1, {-7}},
                                     {2, {INT64_MAX, INT64_MAX}}};
    ad_shape shape = usual[draw_below(s, draw_below(s, 16) ? 10 : sizeof usual / sizeof *usual)];
    char text[128];
    scene_tell(s, " %s",
               shape.rank > AD_MAX_RANK ? "rank 9" : ad_shape_print(&shape, text, sizeof text));
    return shape;
}

ad_shape *draw_shape_at(scene *s)
{
    s->shape = draw_shape(s);
    return &s->shape;
}

/* An axis of the tensor that the operands are like, more often than not. */
int draw_axis(scene *s)
{
    int rank = s->slot[s->like].shape.rank;
    if (rank < 1 || draw_below(s, 8) == 0)
        return (int)draw_int(s, -3, 3);
    return (int)draw_int(s, -rank, rank - 1);
}

ad_axes draw_axes(scene *s)
{
    int rank = s->slot[s->like].shape.rank;
    ad_axes axes = {.keep = draw_below(s, 2)};
    if (rank > 0 && draw_below(s, 8)) {
        int first = draw_axis(s);
        axes.count = (int)draw_below(s, 3);
        axes.axis[0] = first;
        axes.axis[1] = first == 0 ? -1 : 0;
    } else {
        axes.count = (int)draw_int(s, -1, 9);
        for (int i = 0; i < 3; i++)
            axes.axis[i] = (int)draw_int(s, -3, 3);
    }
    scene_tell(s, " %d axes", axes.count);
    return axes;
}

const int64_t *draw_extents(scene *s)
{
    static const int64_t some[][8] = {{1, 1, 1},    {1, 2},  {2, 0, 1},
                                      {0, 0, 0, 3}, {-1, 4}, {INT64_MAX, INT64_MAX, 3}};
    uint64_t which = draw_below(s, 7);
    scene_tell(s, " extents %d", (int)which);
    return which ? some[which - 1] : NULL;
}

/* ---- numbers that stay where they are ------------------------------------------------- */

static const double reals[] = {1, 2, -1, 0.5, 3, -2, 0, 4, 1.5, -0.5, 2, 1};
static const float singles[] = {1, -2, 0.5f, 3, 2, -1, 0.25f, 1};
static const int32_t integers[] = {0, 1, 1, 0, 2, 7, -1, 1};
static const bool masks[] = {true, false, true, true, false, true, false, true};

void *draw_memory(scene *s)
{
    return draw_below(s, 4) ? (void *)(uintptr_t)reals : NULL;
}

/* Strides that no layout row by row has. */
static void twist(scene *s, ad_view *v)
{
    int last = v->shape.rank - 1;
    if (last < 0 || draw_below(s, 3))
        return;
    uint64_t how = draw_below(s, 4);
    for (int i = 0; i < v->shape.rank; i++)
        if (v->shape.dim[i] == 1)
            v->stride[i] = draw_below(s, 2) ? INT64_MIN : 7;
    if (how == 0 && last == 1) { /* by columns */
        v->stride[0] = 1;
        v->stride[1] = v->shape.dim[0];
    } else if (how == 1) {
        v->stride[last] = 0;
    } else if (how == 2 && v->shape.dim[last] > 0) {
        v->data = (const char *)v->data + (size_t)(v->shape.dim[last] - 1) * ad_type_size(v->type);
        v->stride[last] = -1;
    }
}

/* Of up to six numbers. */
static ad_view lasting(scene *s, ad_type type, ad_shape shape)
{
    const void *from[] = {
        [AD_F32] = singles, [AD_F64] = reals, [AD_I32] = integers, [AD_BOOL] = masks};
    size_t count;
    bool good = ad_shape_count(&shape, &count) == AD_OK && count <= 6;
    ad_view v = ad_view_of(type, from[type], good ? shape : AD_SHAPE(2, 3));
    if (type == AD_F64 || type == AD_F32)
        v.data = (const char *)v.data + draw_below(s, 3) * ad_type_size(type);
    twist(s, &v);
    return v;
}

/* Of one shape in half of all cases, so that operands fit each other. */
ad_view draw_good(scene *s, ad_type type)
{
    static const ad_shape shapes[] = {{2, {2, 3}}, {1, {3}}, {0},
                                      {2, {2, 2}}, {1, {0}}, {3, {2, 1, 3}}};
    return lasting(s, type, shapes[draw_below(s, 2) ? 0 : draw_below(s, 6)]);
}

ad_view draw_numbers(scene *s)
{
    static const ad_type usual[] = {AD_F64, AD_F64, AD_F64, AD_F64, AD_F32, AD_I32, AD_BOOL};
    ad_view v = lasting(s, usual[draw_below(s, 7)], draw_shape(s));
    uint64_t spoilt = draw_below(s, 64);
    if (spoilt == 0)
        v.data = NULL;
    else if (spoilt == 1)
        v.type = (ad_type)77;
    else if (spoilt == 2)
        v.shape.rank = 40;
    scene_tell(s, " %s numbers", ad_type_text(v.type));
    return v;
}

/* For a call: a view of the shape and type that operands have, or one of the tape's own. */
ad_view draw_view(scene *s)
{
    const slot *like = &s->slot[s->like];
    uint64_t which = draw_below(s, 16);
    scene_tell(s, " view %d", (int)which);
    if (which == 0)
        return (ad_view){.data = NULL};
    if (which < 4)
        return draw_numbers(s);
    if (which < 8 && s->alone)
        return which == 4   ? ad_grad(like->x)
               : which == 5 ? ad_tangent(like->x)
               : which == 6 ? ad_grad_tangent(like->x)
                            : ad_read(like->x);
    return lasting(s, like->type == AD_F32 ? AD_F32 : AD_F64, like->shape);
}

ad_view *draw_views(scene *s)
{
    for (int i = 0; i < 16; i++)
        s->views[i] = draw_view(s);
    return s->views;
}

ad_view *draw_point(scene *s)
{
    ad_shape shape = draw_shape(s);
    for (int i = 0; i < 4; i++)
        s->point[i] = draw_below(s, 32) ? lasting(s, AD_F64, shape) : draw_numbers(s);
    return s->point;
}

/* ---- tensors ------------------------------------------------------------------------ */

ad_tape *draw_tape(scene *s)
{
    uint64_t which = draw_below(s, 32);
    scene_tell(s, " %s", which == 0 ? "no tape" : which == 1 ? "tape 1" : "tape 0");
    return which == 0 ? NULL : s->tape[which == 1];
}

static bool alike(const slot *a, const slot *b)
{
    return a->alive && a->x.tape == b->x.tape && a->type == b->type &&
           ad_shape_equal(&a->shape, &b->shape);
}

/* Any slot, one time in 24; else one from there on that is like the operands of this call. */
static int draw_slot(scene *s)
{
    int at = (int)draw_below(s, SLOTS);
    if (draw_below(s, 24))
        for (int i = 0; i < SLOTS; i++)
            if (alike(&s->slot[(at + i) % SLOTS], &s->slot[s->like]))
                return (at + i) % SLOTS;
    return at;
}

ad_tensor draw_tensor(scene *s)
{
    if (draw_below(s, 40) == 0) {
        scene_tell(s, " 2");
        return ad_number(2);
    }
    int i = draw_slot(s);
    scene_tell(s, " x%d", i);
    return s->slot[i].x;
}

static ad_tensor draw_of_type(scene *s, ad_type type)
{
    int at = (int)draw_below(s, SLOTS);
    for (int i = 0; i < SLOTS; i++) {
        const slot *k = &s->slot[(at + i) % SLOTS];
        if (k->alive && k->type == type && k->x.tape == s->slot[s->like].x.tape) {
            scene_tell(s, " x%d", (at + i) % SLOTS);
            return k->x;
        }
    }
    return draw_tensor(s);
}

ad_tensor draw_index(scene *s)
{
    return draw_of_type(s, AD_I32);
}

ad_tensor draw_mask(scene *s)
{
    return draw_of_type(s, AD_BOOL);
}

ad_tensor *draw_tensors(scene *s)
{
    for (int i = 0; i < LISTED; i++)
        s->list[i] = draw_tensor(s);
    return draw_below(s, 64) ? s->list : NULL;
}

ad_tensor *draw_tensors_out(scene *s)
{
    return draw_below(s, 64) ? s->out : NULL;
}

ad_mark draw_mark(scene *s)
{
    int i = (int)draw_int(s, 0, MARKS - 1);
    return s->marked = s->mark[i];
}

/* ---- arrays ------------------------------------------------------------------------- */

/* Of all arrays and states that a call may write to. */
static uint64_t stir(uint64_t h, const void *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        h = (h ^ ((const unsigned char *)bytes)[i]) * 0x100000001b3u;
    return h;
}

static uint64_t stir_array(uint64_t h, const ad_array *a)
{
    size_t bytes = ad_array_count(a) * ad_type_size(a->type);
    h = stir(h, &a->data, sizeof a->data);
    h = stir(h, &a->shape.rank, sizeof a->shape.rank);
    return stir(h, a->data, bytes < 512 ? bytes : 512);
}

uint64_t scene_digest(const scene *s)
{
    uint64_t h = stir_array((uint64_t)s->states.steps, &s->states.room);
    for (int i = 0; i < ARRAYS; i++)
        h = stir_array(h, &s->array[i]);
    return h;
}

static void begin_writing(scene *s)
{
    if (!s->writes)
        s->before = scene_digest(s);
    s->writes = true;
}

ad_array *draw_arrays_out(scene *s)
{
    begin_writing(s);
    return draw_below(s, 64) ? s->array : NULL;
}

ad_array *draw_value_out(scene *s)
{
    begin_writing(s);
    return draw_below(s, 16) ? &s->array[VALUE_AT] : NULL;
}

ad_array *draw_gradient_out(scene *s)
{
    begin_writing(s);
    return draw_below(s, 16) ? &s->array[GRADIENT_AT] : NULL;
}

ad_array draw_array(scene *s)
{
    return s->array[draw_int(s, 0, ARRAYS - 1)];
}

AD_MODEL(pair, a, b);

const ad_tree *draw_tree(scene *s)
{
    uint64_t which = draw_below(s, 32);
    scene_tell(s, " %s", which == 0 ? "no tree" : which % 2 ? "pair" : "array");
    return which == 0 ? NULL : which % 2 ? &pair_tree : &ad_array_tree;
}

/* Models that stay: leaves borrow their numbers. */
const ad_array *draw_model(scene *s)
{
#define OF(type, numbers, ...)                              \
    {                                                       \
        (void *)(uintptr_t)numbers, type, __VA_ARGS__, NULL \
    }
    static const ad_array models[][2] = {
        {OF(AD_F64, reals, {2, {2, 3}}), OF(AD_F64, reals, {1, {3}})},
        {OF(AD_F64, reals, {1, {3}}), OF(AD_F64, reals, {0, {0}})},
        {OF(AD_F64, reals, {2, {2, 3}}), OF(AD_F64, reals, {1, {3}})},
        {OF(AD_F32, singles, {2, {2, 3}}), OF(AD_F32, singles, {1, {3}})},
        {OF(AD_F64, reals, {1, {3}}), OF(AD_F32, singles, {1, {3}})},
        {OF(AD_F64, reals, {1, {0}}), {0}},
        {OF(AD_I32, integers, {1, {3}}), OF(AD_F64, reals, {1, {3}})},
    };
#undef OF
    int i = (int)draw_int(s, 0, draw_below(s, 4) ? 2 : 6);
    return draw_below(s, 64) ? models[i] : NULL;
}

const ad_method *draw_method(scene *s)
{
    static const ad_sgd sgd = {.rate = 0.1, .momentum = 0.5}, bad = {.rate = NAN};
    static const ad_adam adam = {0.1, 0.9, 0.999, 1e-8, false};
    static const ad_muon muon = {.rate = 0.1, .momentum = 0.5, .others = {.epsilon = 1}};
    uint64_t which = draw_below(s, 16);
    ad_method made[] = {ad_sgd_method(&sgd), ad_adam_method(&adam), ad_muon_method(&muon),
                        ad_sgd_method(&sgd), ad_sgd_method(&bad)};
    made[3].groups = &s->group, made[3].group_count = 1;
    s->group = (ad_group){draw_below(s, 2) ? "w" : ".b", ad_muon_method(&muon)};
    memcpy(s->method, made, sizeof made);
    scene_tell(s, " method %d", (int)which);
    return which == 15 ? NULL : &s->method[which == 14 ? 4 : which % 4];
}

const ad_cross_entropy_options *draw_loss_options(scene *s)
{
    uint64_t which = draw_below(s, 16);
    s->loss = (ad_cross_entropy_options){.size = which == 1 ? 0 : sizeof s->loss,
                                         .ignores = which & 2,
                                         .ignored = 1,
                                         .smoothing = which & 4 ? 0.1 : 0};
    if (which & 8)
        s->loss.weights = draw_tensor(s);
    scene_tell(s, " options %d", (int)which);
    return which ? &s->loss : NULL;
}

const ad_rows_options *draw_rows_options(scene *s)
{
    uint64_t which = draw_below(s, 16);
    s->rows = (ad_rows_options){.size = which == 1 ? 0 : sizeof s->rows,
                                .slice = which == 2 ? -1 : (int64_t)(which & 3),
                                .sum = which & 4,
                                .parallel = which & 8,
                                .groups = (int64_t)(which & 5)};
    scene_tell(s, " options %d", (int)which);
    return which ? &s->rows : NULL;
}

/* Options in space: mostly the usual, else small numbers, and rarely what cannot be. */
static void draw_entries(scene *s, int64_t entry[AD_MAX_SPACE])
{
    for (int k = 0; k < AD_MAX_SPACE; k++)
        entry[k] = draw_below(s, 3) ? 0 : draw_below(s, 32) ? draw_int(s, 0, 3) : draw_long(s);
}

ad_convolution draw_convolution(scene *s)
{
    ad_convolution o = {.same = draw_below(s, 2)};
    draw_entries(s, o.stride);
    draw_entries(s, o.dilation);
    draw_entries(s, o.before);
    o.groups = draw_int(s, -1, 3);
    return o;
}

ad_pooling draw_pooling(scene *s)
{
    ad_pooling o = {.same = draw_below(s, 2), .counts_padding = draw_below(s, 2)};
    draw_entries(s, o.window);
    draw_entries(s, o.stride);
    draw_entries(s, o.after);
    return o;
}

ad_fractional_pooling draw_fractional_pooling(scene *s)
{
    ad_fractional_pooling o = {.overlapping = draw_below(s, 2), .offset = {draw_double(s)}};
    draw_entries(s, o.results);
    return o;
}

ad_resizing draw_resizing(scene *s)
{
    ad_resizing o = {.method = (ad_resampling)draw_int(s, -1, AD_RESAMPLING_COUNT),
                     .antialias = draw_below(s, 2)};
    draw_entries(s, o.extent);
    return o;
}

ad_states *draw_states(scene *s)
{
    begin_writing(s);
    return &s->states;
}

const ad_op *draw_op(scene *s)
{
    const ad_op *op = ad_builtin_op((size_t)draw_below(s, 256));
    scene_tell(s, " %s", op ? op->name : "no op");
    if (op && op->arity > LISTED)
        scene_fail(s, "an operation has more operands than a list here");
    return op;
}
