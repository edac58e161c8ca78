/* What the headers offer, used together, in every language that they are for. */
#include "adze.h"

AD_MODEL(dense, w, b);
AD_MODEL(network, (dense, hidden), (dense, layers, 2), scale);
AD_MODEL_CHECKS(network);
AD_MODEL_LBFGS(network);

static ad_tensor apply(ad_tape *t, const network_tensors *m, const void *env)
{
    ad_tensor x = ad_watch(t, *(const ad_view *)env);
    ad_tensor h = ad_relu(ad_add(ad_matmul(x, m->hidden.w), m->hidden.b));
    for (int i = 0; i < 2; i++)
        h = ad_add(ad_matmul(h, m->layers[i].w), m->layers[i].b);
    h = ad_muladd(ad_clamp(h, -9, 9), 1, ad_lerp(h, ad_leaky_relu(h, 0), 1));
    h = ad_mean_over(ad_mul(ad_sub(1, ad_mul(h, 0.5)), m->scale), AD_KEEP(0, -1));
    return ad_sum_over(ad_flip(h, AD_AXES()), AD_AXES());
}

static dense ones(int64_t rows, int64_t columns)
{
    dense d;
    d.w = ad_zeros(AD_F64, AD_SHAPE(rows, columns));
    d.b = ad_zeros(AD_F64, AD_SHAPE(columns));
    return d;
}

int main(void)
{
    const double numbers[] = {1, 2, 3, 4, 5, 6};
    const double two = 2;
    ad_view x = AD_VIEW(numbers, 2, 3);
    network model = {ones(3, 4), {ones(4, 4), ones(4, 1)}, ad_zeros(AD_F64, AD_SCALAR)};
    static network gradient; /* holds nothing yet */
    ad_status status = network_like(&model, &gradient, NULL);
    if (status == AD_OK)
        status = ad_array_write(&model.scale, AD_VIEW_SCALAR(&two), NULL);

    double value = 0, scale = 0;
    ad_array own = AD_ARRAY_SCALAR(&scale); /* borrows */
    if (status == AD_OK)
        status = ad_array_write(&own, ad_array_view(model.scale), NULL);
    if (status == AD_OK)
        status = ad_array_set(&own, 0, scale - 1);
    ad_tape *tape = ad_tape_new(NULL);
    if (status == AD_OK)
        status = network_value_with_gradient(tape, apply, &model, &x, &value, &gradient);
    ad_error error = {AD_OK, ""};
    if (status == AD_OK)
        status = network_check_gradient(apply, &model, &x, NULL, &error);
    if (status == AD_OK)
        status = network_check_step(tape, apply, &model, &gradient, 0, &x, NULL, &error);
    if (status == AD_OK)
        status = ad_check_op(ad_builtin_op_named("mul"), NULL, NULL, &error);
    ad_lbfgs how = ad_lbfgs_new();
    static ad_lbfgs_memory memory; /* holds nothing yet */
    how.iterations = 1;
    if (status == AD_OK)
        status = network_lbfgs(tape, apply, &x, &how, &memory, &model, NULL, &error);
    if (status == AD_OK)
        status = network_axpy(-1, &gradient, &model, NULL);

    ad_lbfgs_free(&memory);
    ad_array_free(&own);
    ad_tape_free(tape);
    network_free(&gradient);
    network_free(&model);
    return status == AD_OK && scale == 1 && value > 1.99 && value < 2.01 ? 0 : 1;
}
