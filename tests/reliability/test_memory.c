/* Memory that runs out (RELIABILITY R1), in what everybody uses. */
#include "faulty_op.h"
#include "idx_bytes.h"
#include "memory_inside.h"
#include "own_ops.h"
#include "suite.h"
#include "torture.h"

#include <adze.h>

AD_MODEL(layer, w, b);
AD_MODEL(network, (layer, hidden), (layer, output));
AD_MODEL_CHECKS(network);

static const double numbers[24] = {.1, .9, .3, .7, .5, .2, .8, .4, .6, .35, .15, .55,
                                   .2, .3, .4, .5, .6, .7, .8, .9, .1, .15, .25, .45};
static const int32_t labels[] = {1, 0, 2};

static ad_tape *new_tape(test_allocator *memory, unsigned checks)
{
    ad_tape_options options = {
        .size = sizeof options, .allocator = &memory->base, .checks = checks};
    return ad_tape_new(&options);
}

static ad_status end(ad_tape *t)
{
    ad_status status = t ? ad_tape_status(t) : AD_MEMORY;
    ad_tape_free(t);
    return status;
}

/* ---- functions to differentiate ---------------------------------------------------- */

static ad_tensor every_family(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)env;
    ad_tensor a = x[0], b = x[1];
    ad_tensor h = ad_dense(a, b, ad_freeze(t, AD_VIEW(numbers, 4)), AD_TANH);
    ad_tensor parts[] = {h, ad_mul(h, 2), ad_exp(h), ad_sub(1, h), ad_pow(ad_square(h), 2), h};
    ad_tensor joined = ad_concat(6, parts, 0);
    ad_tensor picked = ad_gather(joined, ad_freeze(t, AD_VIEW(labels, 3)), 0);
    ad_tensor stacked = ad_stack(6, parts, 1);
    ad_tensor chosen = ad_where(ad_greater(stacked, 0.5), stacked, 0);
    ad_tensor batch =
        ad_matmul(stacked, ad_reshape(ad_permute(ad_transpose(b), AD_AXES(1, 0)), AD_SHAPE(4, -1)));
    ad_tensor spread = ad_std_over(ad_add(picked, ad_slice(joined, 0, 3, 4)), AD_KEEP(0), 0);
    ad_tensor far = ad_broadcast_to(ad_mean_over(picked, AD_AXES(1)), AD_SHAPE(2, 3));
    ad_tensor wide = ad_unbroadcast(ad_cast(ad_cast(far, AD_F32), AD_F64), AD_SHAPE(1, 3));
    ad_tensor sums[] = {ad_sum(chosen), ad_sum(batch), ad_sum(spread), ad_max(wide)};
    return ad_add(ad_add(sums[0], sums[1]), ad_add(sums[2], sums[3]));
}

static ad_tensor twice_differentiable(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    ad_tensor h = ad_tanh(ad_matmul(x[0], x[1]));
    return ad_sum(ad_mul(ad_square(h), ad_mean_over(h, AD_KEEP(0))));
}

static const ad_view operands[] = {
    {numbers, AD_F64, {2, {3, 3}}, {3, 1}},
    {numbers + 9, AD_F64, {2, {3, 4}}, {4, 1}},
    {numbers + 2, AD_F64, {1, {4}}, {1}},
};

/* ---- scenarios --------------------------------------------------------------------- */

static ad_status sweeps(test_allocator *memory, unsigned checks, int steps)
{
    ad_tape *t = new_tape(memory, checks);
    for (int step = 0; t && step < steps; step++) {
        ad_tensor x[] = {ad_watch(t, operands[0]), ad_watch(t, operands[1])};
        ad_watch(t, operands[1]); /* whose gradient is zeros */
        ad_mark mark = ad_tape_mark(t);
        ad_tensor y = every_family(t, x, NULL);
        if (ad_backward(y) == AD_OK && ad_tape_rewind(mark) == AD_OK)
            ad_backward(every_family(t, x, NULL));
        if (ad_tape_status(t) != AD_OK)
            break;
        ad_tape_reset(t);
        ad_tape_trim(t);
    }
    return end(t);
}

static ad_status sweep_scenario(test_allocator *memory)
{
    return sweeps(memory, 0, 2);
}

static ad_status exact_sweep_scenario(test_allocator *memory)
{
    return sweeps(memory, AD_CHECK_BOUNDS, 1);
}

/* Noise takes memory for its leaves and for the bits of dropout. */
static ad_status noise_scenario(test_allocator *memory)
{
    ad_tape *t = new_tape(memory, AD_CHECK_BOUNDS);
    if (t) {
        ad_tensor x = ad_watch(t, operands[0]);
        ad_tensor z = ad_normal(t, AD_F64, AD_SHAPE(3, 3), 0, 1, ad_key_new(1));
        ad_tensor u = ad_uniform(t, AD_F64, AD_SHAPE(3), 0, 1, ad_key_new(2));
        ad_backward(ad_sum(ad_dropout(ad_mul(ad_add(x, z), u), 0.5, ad_key_new(3))));
    }
    return end(t);
}

static ad_status gradient_scenario(test_allocator *memory)
{
    double value;
    ad_array gradient[2] = {{0}};
    ad_tape *t = new_tape(memory, 0);
    if (t)
        ad_value_with_gradient(t, every_family, 2, operands, NULL, &value, gradient);
    if (t && ad_tape_status(t) != AD_OK) /* all or nothing */
        ck_assert(!gradient[0].data && !gradient[1].data);
    ad_array_free(&gradient[0]);
    ad_array_free(&gradient[1]);
    return end(t);
}

static ad_status pullback_scenario(test_allocator *memory)
{
    double one = 1;
    ad_pullback p;
    ad_array dx[2] = {{0}};
    ad_tape *t = new_tape(memory, 0);
    if (t && ad_value_with_pullback(t, every_family, 2, operands, NULL, &p) == AD_OK)
        for (int i = 0; i < 2; i++)
            ad_pull(&p, AD_VIEW_SCALAR(&one), dx);
    ad_array_free(&dx[0]);
    ad_array_free(&dx[1]);
    return end(t);
}

static ad_status second_order_scenario(test_allocator *memory)
{
    ad_array y = {0}, ty = {0}, hvp[2] = {{0}};
    ad_tape *t = new_tape(memory, AD_CHECK_BOUNDS);
    if (t && ad_jvp(t, twice_differentiable, 2, operands, operands, NULL, &y, &ty) == AD_OK)
        ad_hvp(t, twice_differentiable, 2, operands, operands, NULL, hvp);
    ad_array_free(&y);
    ad_array_free(&ty);
    ad_array_free(&hvp[0]);
    ad_array_free(&hvp[1]);
    return end(t);
}

static ad_status look(void *user, const ad_cotangent *c)
{
    (void)user, (void)c;
    return AD_OK;
}

/* The numbers of x, by way of scratch memory. */
static void by_scratch(const ad_forward_args *c)
{
    ad_array room = ad_scratch_array(c->work, c->y.type, c->y.shape);
    ad_view again = ad_array_view(room);
    if (room.data &&
        ad_elementwise(c->work, &c->y.shape, 1, &c->x[0], &room, AD_ASSIGN, NULL, NULL))
        ad_elementwise(c->work, &c->y.shape, 1, &again, &c->y, AD_ASSIGN, NULL, NULL);
}

static const ad_op by_scratch_op = {.size = sizeof(ad_op),
                                    .name = "by_scratch",
                                    .arity = 1,
                                    .flags = AD_OP_NO_DERIVATIVE,
                                    .shape = ad_shape_first,
                                    .forward = by_scratch};

/* Operations of a user's own, forwards and backwards, twice. */
static ad_status own_op_scenario(test_allocator *memory)
{
    ad_tape *t = new_tape(memory, AD_CHECK_BOUNDS);
    if (!t)
        return AD_MEMORY;
    ad_tensor x[] = {ad_watch(t, operands[0]), ad_watch(t, operands[1]), ad_watch(t, operands[2])};
    ad_tensor y = ad_apply(&own_layer_op, x, NULL);
    y = ad_sum(ad_apply(&own_times_op, (ad_tensor[]){y, x[2]}, NULL));
    ad_apply(&by_scratch_op, &x[2], NULL);
    ad_set_tangent(x[2], operands[2]);
    ad_push_tangents(y);
    ad_backward_tangents(y);
    return end(t);
}

/* Scratch memory of pullbacks, and the cotangents of intermediate values. */
static ad_status cotangent_scenario(test_allocator *memory)
{
    ad_tape *t = new_tape(memory, AD_CHECK_BOUNDS);
    if (!t)
        return AD_MEMORY;
    ad_tensor x = ad_watch(t, operands[0]), y = ad_retain(ad_square(x));
    y = ad_on_cotangent(ad_scale_gradient(y, -1), look, NULL);
    y = ad_straight_through(ad_clip_gradient_norm(ad_clip_gradient(y, -1, 1), 1), ad_floor(y));
    ad_tensor l = ad_sum(ad_mul(y, ad_retain(ad_neg(x))));
    ad_set_tangent(x, operands[0]);
    ad_push_tangents(l);
    ad_backward_tangents(l);
    ad_backward(l);
    return end(t);
}

static ad_status registry_scenario(test_allocator *memory)
{
    ad_op mine = {.size = sizeof(ad_op), .name = "mine"};
    ad_registry *r = ad_registry_new(&memory->base);
    ad_status status = r ? ad_registry_add(r, &mine) : AD_MEMORY;
    if (status == AD_OK)
        ck_assert(ad_registry_find(r, "mine") == &mine && ad_registry_find(r, "tanh"));
    ad_registry_free(r);
    return status;
}

static ad_status array_scenario(test_allocator *memory)
{
    ad_array a = ad_array_copy(&memory->base, AD_F32, operands[0]);
    ad_array b = ad_array_new(&memory->base, AD_I64, AD_SHAPE(3));
    ad_status status = a.data && b.data ? AD_OK : AD_MEMORY;
    ad_array_free(&a);
    ad_array_free(&b);
    return status;
}

/* A product of many leaves of so many numbers, whose gradients are larger than what is taken at a time. */
static ad_status product_scenario(test_allocator *memory, size_t count)
{
    enum { LEAVES = 12, MOST = 5000 };
    static double some[MOST];
    ad_tape *t = new_tape(memory, 0);
    if (!t)
        return AD_MEMORY;
    ad_tensor y = ad_constant(t, AD_F64, 1);
    for (int i = 0; i < LEAVES; i++)
        y = ad_mul(ad_watch(t, AD_VIEW(some, (int64_t)count)), y);
    ad_backward(ad_sum(y));
    return end(t);
}

static ad_status few_numbers_scenario(test_allocator *memory)
{
    return product_scenario(memory, 1000);
}

static ad_status many_numbers_scenario(test_allocator *memory)
{
    return product_scenario(memory, 5000);
}

/* In f32, what logsumexp saves along columns is rounded into scratch memory. */
static ad_status columns_scenario(test_allocator *memory)
{
    static const float columns[6] = {1, 2, 3, 4, 5, 6};
    ad_tape *t = new_tape(memory, AD_CHECK_BOUNDS);
    if (!t)
        return AD_MEMORY;
    ad_tensor x = ad_watch(t, AD_VIEW(columns, 2, 3));
    ad_tensor l = ad_sum(ad_logsumexp_over(x, AD_AXES(0)));
    ad_set_tangent(x, AD_VIEW(columns, 2, 3));
    ad_push_tangents(l);
    ad_backward_tangents(l);
    return end(t);
}

static ad_status orthogonal_scenario(test_allocator *memory)
{
    ad_random r = ad_random_new(1, 1);
    ad_array w = ad_array_new(&memory->base, AD_F32, AD_SHAPE(3, 4));
    ad_status status = w.data ? ad_fill_orthogonal(&w, &r, 1) : AD_MEMORY;
    ad_array_free(&w);
    return status;
}

static ad_tensor network_loss(ad_tape *t, const network_tensors *m, const void *env)
{
    (void)env;
    ad_tensor h = ad_dense(ad_freeze(t, operands[0]), m->hidden.w, m->hidden.b, AD_RELU);
    return ad_sum(ad_square(ad_dense(h, m->output.w, m->output.b, AD_IDENTITY)));
}

static ad_status training_scenario(test_allocator *memory)
{
    network model = {{ad_array_new(&memory->base, AD_F64, AD_SHAPE(3, 4)),
                      ad_array_new(&memory->base, AD_F64, AD_SHAPE(4))},
                     {ad_array_new(&memory->base, AD_F64, AD_SHAPE(4, 2)),
                      ad_array_new(&memory->base, AD_F64, AD_SHAPE(2))}};
    network gradient = {0};
    ad_states states = {0};
    ad_adam adam = ad_adam_new(0.1);
    double loss;
    ad_tape *t = new_tape(memory, 0);
    ad_status status = AD_MEMORY;
    bool made =
        model.hidden.w.data && model.hidden.b.data && model.output.w.data && model.output.b.data;
    if (t && made)
        status = network_value_with_gradient(t, network_loss, &model, NULL, &loss, &gradient);
    if (status == AD_OK)
        status = network_step(ad_adam_method(&adam), &gradient, &states, &model, NULL);
    network_free(&model);
    network_free(&gradient);
    ad_states_free(&states);
    ad_tape_free(t);
    return status;
}

static ad_tensor constant(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_stop_gradient(x[0]);
}

/* Tangents that nobody computed are zeros, which take memory as well. */
static ad_status constant_scenario(test_allocator *memory)
{
    ad_array y = {.allocator = &memory->base}, ty = {.allocator = &memory->base};
    ad_tape *t = new_tape(memory, AD_CHECK_BOUNDS);
    if (t && ad_jvp(t, constant, 1, operands, operands, NULL, &y, &ty) != AD_OK)
        ck_assert(!y.data && !ty.data);
    ad_array_free(&y);
    ad_array_free(&ty);
    return end(t);
}

/* A leaf made of the tape's own gradient is a copy; so is one that a tape widens. */
static ad_status leaf_scenario(test_allocator *memory)
{
    ad_tape *t = new_tape(memory, AD_CHECK_BOUNDS);
    if (!t)
        return AD_MEMORY;
    ad_tensor x = ad_watch(t, operands[0]);
    if (ad_backward(ad_sum(ad_square(x))) == AD_OK)
        ad_freeze(t, ad_grad(x));
    ad_tape_widen(t, true);
    ad_freeze(t, AD_VIEW(&(float){1}, 1));
    return end(t);
}

/* Threads share its sum: the pieces need room. */
static ad_status shared_sum_scenario(test_allocator *memory)
{
    enum { M = 64, N = 50, TERMS = 784 };
    static const float factors[TERMS * M];
    ad_pool *pool = ad_pool_new(NULL, 2);
    ad_tape *t = ad_tape_new(&(ad_tape_options){.size = sizeof(ad_tape_options),
                                                .allocator = &memory->base,
                                                .checks = AD_CHECK_BOUNDS,
                                                .pool = pool});
    if (t)
        ad_matmul(ad_freeze(t, AD_VIEW(factors, M, TERMS)),
                  ad_freeze(t, AD_VIEW(factors, TERMS, N)));
    ad_status status = end(t);
    ad_pool_free(pool);
    return status;
}

/* Along gradients of the tape's own, which are copied first. */
static ad_status own_direction_scenario(test_allocator *memory)
{
    ad_array hvp[2] = {{0}};
    ad_tape *t = new_tape(memory, AD_CHECK_BOUNDS);
    ad_tensor x[2] = {{0}};
    for (int i = 0; t && i < 2; i++)
        x[i] = ad_watch(t, operands[i]);
    if (t && ad_backward(twice_differentiable(t, x, NULL)) == AD_OK)
        ad_hvp(t, twice_differentiable, 2, operands, (ad_view[]){ad_grad(x[0]), ad_grad(x[1])},
               NULL, hvp);
    ad_array_free(&hvp[0]);
    ad_array_free(&hvp[1]);
    return end(t);
}

static ad_status pool_scenario(test_allocator *memory)
{
    ad_pool *p = ad_pool_new(&memory->base, 2);
    ad_status status = p ? AD_OK : AD_MEMORY;
    ad_pool_free(p);
    return status;
}

/* From memory and from a file, gzipped: zlib's memory is the allocator's, too. */
static ad_status read_scenario(test_allocator *memory, int way)
{
    blob b;
    ad_array a = {.data = NULL};
    blob_small(&b);
    ad_status status = load(way, &b, memory, &a, NULL);
    ck_assert(status == AD_OK || !a.data);
    ad_array_free(&a);
    return status;
}

static ad_status plain_scenario(test_allocator *memory)
{
    return read_scenario(memory, 0);
}

static ad_status gzip_scenario(test_allocator *memory)
{
    return read_scenario(memory, GZIP | FROM_FILE);
}

/* A tape that looks at all it can, and a training loop's own check. */
static ad_status step_scenario(test_allocator *memory)
{
    network model = {{ad_zeros(AD_F64, AD_SHAPE(3, 4)), ad_zeros(AD_F64, AD_SHAPE(4))},
                     {ad_zeros(AD_F64, AD_SHAPE(4, 2)), ad_zeros(AD_F64, AD_SHAPE(2))}};
    network gradient = {{{0}, {0}}, {{0}, {0}}};
    ad_error error = {0};
    ad_check_options o = {.size = sizeof o, .elements = 4};
    ad_tape *t = new_tape(memory, AD_CHECK_BOUNDS | AD_CHECK_NUMBERS | AD_CHECK_BORROWED);
    ad_status status = t ? AD_OK : AD_MEMORY;
    if (t)
        status = network_value_with_gradient(t, network_loss, &model, NULL, NULL, &gradient);
    if (status == AD_OK)
        status = network_check_step(t, network_loss, &model, &gradient, 0, NULL, &o, &error);
    network_free(&model);
    network_free(&gradient);
    ad_tape_free(t);
    return status;
}

static ad_status check_scenario(test_allocator *memory)
{
    fault none = NONE;
    ad_error error = {0};
    ad_tape_options tape = {.size = sizeof tape, .allocator = &memory->base};
    ad_check_options o = {.size = sizeof o, .tape = &tape, .trials = 2, .elements = 2};
    network model = {{ad_array_new(&memory->base, AD_F32, AD_SHAPE(3, 4)),
                      ad_array_new(&memory->base, AD_F32, AD_SHAPE(4))},
                     {ad_array_new(&memory->base, AD_F32, AD_SHAPE(4, 2)),
                      ad_array_new(&memory->base, AD_F32, AD_SHAPE(2))}};
    ad_random r = ad_random_new(1, 1);
    ad_status status = model.output.b.data ? AD_OK : AD_MEMORY;
    ad_array *fields[] = {&model.hidden.w, &model.hidden.b, &model.output.w, &model.output.b};
    for (int i = 0; i < 4 && status == AD_OK; i++)
        status = fields[i]->data ? ad_fill_uniform(fields[i], &r, 0.1, 1) : AD_MEMORY;
    if (status == AD_OK)
        status = network_check_gradient(network_loss, &model, NULL, &o, &error);
    if (status == AD_OK)
        status = ad_check_gradient(every_family, 2, operands, NULL, &o, &error);
    if (status == AD_OK)
        status = ad_check_op(&weigh_op, &none, &o, &error);
    network_free(&model);
    return status;
}

/* ---- the torture ------------------------------------------------------------------- */

static const scenario scenarios[] = {
    {"sweeps", sweep_scenario},
    {"sweeps, every piece by itself", exact_sweep_scenario},
    {"noise", noise_scenario},
    {"gradient", gradient_scenario},
    {"pullback", pullback_scenario},
    {"jvp and hvp", second_order_scenario},
    {"hvp along gradients", own_direction_scenario},
    {"a sum that threads share", shared_sum_scenario},
    {"cotangents", cotangent_scenario},
    {"own operations", own_op_scenario},
    {"registry", registry_scenario},
    {"arrays", array_scenario},
    {"training", training_scenario},
    {"constant", constant_scenario},
    {"leaves", leaf_scenario},
    {"a product of few numbers", few_numbers_scenario},
    {"a product of many numbers", many_numbers_scenario},
    {"columns in f32", columns_scenario},
    {"orthogonal weights", orthogonal_scenario},
    {"pool", pool_scenario},
    {"a file", plain_scenario},
    {"a gzip file", gzip_scenario},
    {"checks", check_scenario},
    {"a check of a step", step_scenario},
    {"functions inside functions", inside_scenario},
    {"many operands", many_operands_scenario},
    {"slices", slices_scenario},
    {"slices, every piece by itself", exact_slices_scenario},
    {"slices on three threads", shared_slices_scenario},
    {"checkpoints", checkpoint_scenario},
};

int main(void)
{
    return run_suite(
        torture_suite("memory", scenarios, (int)(sizeof scenarios / sizeof *scenarios)));
}
