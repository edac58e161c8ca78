/* The lesson "Fully connected model" from top to bottom: the forward and backward passes of a
 * network of two layers, first by hand, then with a chain of pullbacks written out, then by tape.
 *
 * The lesson is the notebook 02_fully_connected of fast.ai and Swift for TensorFlow. Its sections
 * stand here in its order, and its numbers are printed beside ours. Those that come from MNIST
 * need --data; weights are random, so what depends on them is alike, not equal; its times are
 * another machine's and left out. */
#include "common.h"

#include <math.h>
#include <stdio.h>

enum { HIDDEN = 50 };

/* The lesson's MyModel: w1 [m, 50], b1 [50], w2 [50, 1], b2 [1]. This one line declares the struct of
 * arrays, the same struct of tensors, and what is done to all its fields at once. */
AD_MODEL(my_model, w1, b1, w2, b2);

/* What are global variables in the notebook. */
typedef struct lesson {
    settings s;
    cJSON *out;
    ad_tape *tape;
    ad_array x_train, x_valid; /* f32 [n, m]: an image a row */
    ad_array y_train;          /* f32 [n]: its digit */
    my_model model, grad;
    double worst; /* relative difference between gradients */
} lesson;

static const char *of_mnist(const lesson *l, const char *figure)
{
    return l->s.data ? figure : "-";
}

/* ==== The forward and backward passes ================================================= */

/* To test that everything is going well. What is not ends the program with one line. */
static void test_near_zero(const char *what, ad_tensor a)
{
    ad_error e = {AD_OK, ""};
    check(a.tape);
    if (ad_test_near_zero(ad_read(a), 1e-3, &e) != AD_OK)
        fail("%s: %s", what, e.text);
}

/* Compares the shapes first, so that broadcasting does not hide errors. */
static void test_same(const char *what, ad_view a, ad_view b)
{
    ad_error e = {AD_OK, ""};
    if (ad_test_same(a, b, 1e-3, &e) != AD_OK)
        fail("%s: %s", what, e.text);
}

static ad_tensor normalize(ad_tensor x, ad_tensor mean, ad_tensor std)
{
    return ad_div(ad_sub(x, mean), std);
}

/* Images u8 [n, rows, columns] -> f32 [n, m], from 0 to 1. */
static ad_array flat(ad_tape *t, ad_array images)
{
    const int64_t *extent = images.shape.dim;
    ad_tensor x = ad_div(ad_cast(ad_freeze(t, images), AD_F32), 255);
    ad_array numbers = keep(ad_reshape(x, AD_SHAPE(extent[0], extent[1] * extent[2])));
    ad_tape_reset(t);
    return numbers;
}

/* Under the first table. */
static void explain_columns(const lesson *l)
{
    printf("\n  adze: what this run computes. the lesson: what its notebook prints%s\n",
           l->s.data
               ? ";\n  weights are random, so numbers that depend on them are alike, not equal."
               : ", here only\n  where it does not depend on MNIST (-: it does; see --data).");
}

/* Training and validation set, both normalised with the statistics of the first. */
static void load(lesson *l)
{
    ad_tape *t = l->tape;
    ad_dataset d = load_data(&l->s);
    heading("Load and normalise");
    show_text("", "adze", "the lesson");
    ad_array train = flat(t, d.train_images), valid = flat(t, d.test_images);
    ad_tensor x = ad_freeze(t, train), mean = ad_mean(x), std = ad_std(x);
    show_item(l->out, "train_mean", mean, of_mnist(l, "0.13066047"));
    show_item(l->out, "train_std", std, of_mnist(l, "0.30810782"));

    x = normalize(x, mean, std);
    test_near_zero("mean of the images", ad_mean(x));
    test_near_zero("std of the images, less 1", ad_sub(ad_std(x), 1));
    l->x_train = keep(x);
    l->x_valid = keep(normalize(ad_freeze(t, valid), mean, std));
    l->y_train = keep(ad_cast(ad_freeze(t, d.train_labels), AD_F32));
    show(l->out, "n", (double)l->x_train.shape.dim[0], of_mnist(l, "60000"));
    show(l->out, "m", (double)l->x_train.shape.dim[1], of_mnist(l, "784"));
    show(l->out, "c", ad_item(ad_max(ad_freeze(t, d.train_labels))) + 1, of_mnist(l, "10"));

    explain_columns(l);

    ad_tape_reset(t); /* ends every tensor; the arrays stay */
    ad_tape_trim(t);
    ad_array_free(&train);
    ad_array_free(&valid);
    ad_dataset_free(&d);
}

static ad_tensor lin(ad_tensor x, ad_tensor w, ad_tensor b)
{
    return ad_add(ad_matmul(x, w), b);
}

static ad_tensor my_relu(ad_tensor x)
{
    return ad_maximum(x, 0);
}

/* Simplified Kaiming initialisation: weights with deviation 1/sqrt(inputs), so that what goes into
 * a layer with deviation 1 comes out with deviation 1. */
static void initialise(lesson *l)
{
    my_model *w = &l->model;
    int64_t m = l->x_train.shape.dim[1];
    ad_random random = ad_random_new((uint64_t)l->s.seed, 0);
    w->w1 = ad_zeros(AD_F32, AD_SHAPE(m, HIDDEN));
    w->b1 = ad_zeros(AD_F32, AD_SHAPE(HIDDEN));
    w->w2 = ad_zeros(AD_F32, AD_SHAPE(HIDDEN, 1));
    w->b2 = ad_zeros(AD_F32, AD_SHAPE(1));
    if (ad_fill_normal(&w->w1, &random, 0, 1 / sqrt((double)m)) != AD_OK ||
        ad_fill_normal(&w->w2, &random, 0, 1 / sqrt(HIDDEN)) != AD_OK)
        fail("no memory for the weights");

    ad_tensor w1 = ad_freeze(l->tape, w->w1);
    test_near_zero("mean of w1", ad_mean(w1));
    test_near_zero("std of w1, less 1/sqrt(m)", ad_sub(ad_std(w1), 1 / sqrt((double)m)));
    ad_tape_reset(l->tape);
}

static void statistics(lesson *l)
{
    heading("Statistics: of the input, of a layer, and what relu makes of it");
    ad_tape *t = l->tape;
    ad_tensor x = ad_freeze(t, l->x_valid);
    my_model_tensors w = my_model_freeze(t, &l->model);
    show_item(l->out, "valid_mean", ad_mean(x), of_mnist(l, "0.0060178037"));
    show_item(l->out, "valid_std", ad_std(x), of_mnist(l, "1.0077"));
    ad_tensor y = lin(x, w.w1, w.b1);
    show_item(l->out, "lin_mean", ad_mean(y), of_mnist(l, "0.040110435"));
    show_item(l->out, "lin_std", ad_std(y), of_mnist(l, "1.0424675"));
    y = my_relu(y);
    show_item(l->out, "relu_mean", ad_mean(y), of_mnist(l, "0.43306303"));
    show_item(l->out, "relu_std", ad_std(y), of_mnist(l, "0.6227423"));
    ad_tape_reset(t); /* for w1 is about to change */

    /* Kaiming initialisation for relu, which halves the variance: deviation sqrt(2/inputs). */
    ad_random random = ad_random_new((uint64_t)l->s.seed, 1);
    ad_fill_kaiming(&l->model.w1, &random);
    w = my_model_freeze(t, &l->model);
    y = my_relu(lin(ad_freeze(t, l->x_valid), w.w1, w.b1));
    show_item(l->out, "w1_mean", ad_mean(w.w1), of_mnist(l, "-0.00023605586"));
    show_item(l->out, "w1_std", ad_std(w.w1), of_mnist(l, "0.05074154"));
    show_item(l->out, "kaiming_relu_mean", ad_mean(y), of_mnist(l, "0.6191642"));
    show_item(l->out, "kaiming_relu_std", ad_std(y), of_mnist(l, "0.91126376"));
    ad_tape_reset(t);
}

/* A simple basic model: xb [n, m] -> [n, 1]. */
static ad_tensor model(const my_model_tensors *w, ad_tensor xb)
{
    ad_tensor l1 = lin(xb, w->w1, w->b1);
    ad_tensor l2 = my_relu(l1);
    return lin(l2, w->w2, w->b2);
}

/* ---- Loss function ------------------------------------------------------------------- */

static ad_tensor mse(ad_tensor out, ad_tensor targ) /* [n, 1], [n] */
{
    return ad_mean(ad_square(ad_sub(ad_squeeze(out, -1), targ)));
}

static void loss_function(lesson *l)
{
    heading("Loss function");
    my_model_tensors w = my_model_freeze(l->tape, &l->model);
    ad_tensor preds = model(&w, ad_freeze(l->tape, l->x_train));
    show_item(l->out, "mse", mse(preds, ad_freeze(l->tape, l->y_train)), of_mnist(l, "21.76267"));
    ad_tape_reset(l->tape);
}

/* ---- Gradients and backward pass, the hard way ---------------------------------------- */

static ad_tensor full(ad_tensor like, double value)
{
    return ad_broadcast_to(ad_constant(like.tape, AD_F32, value), ad_shape_of(like));
}

static double length(ad_tensor x)
{
    return (double)ad_shape_of(x).dim[0];
}

/* A tensor and its gradient, both there to be changed. */
typedef struct tf_grad {
    ad_tensor inner, grad;
} tf_grad;

static tf_grad tf_grad_of(ad_tensor x)
{
    return (tf_grad){x, full(x, 0)};
}

/* From  loss = 1/n sum (inp - targ)^2. */
static void mse_grad(tf_grad *inp, ad_tensor targ)
{
    ad_tensor difference = ad_sub(ad_squeeze(inp->inner, -1), targ);
    inp->grad = ad_div(ad_mul(2, ad_expand(difference, -1)), length(inp->inner));
}

static void relu_grad(tf_grad *inp, const tf_grad *out)
{
    inp->grad = ad_where(ad_less(inp->inner, 0), 0, out->grad);
}

/* From  dout = dinp w + inp dw + db. */
static void lin_grad(tf_grad *inp, const tf_grad *out, tf_grad *w, tf_grad *b)
{
    inp->grad = ad_matmul(out->grad, ad_transpose(w->inner));
    w->grad = ad_matmul(ad_transpose(inp->inner), out->grad);
    b->grad = ad_sum_over(out->grad, AD_AXES(0));
}

/* The gradients of the loss for the images and for w1, b1, w2, b2. */
typedef struct gradients {
    ad_view of[5];
} gradients;

/* All leaves are frozen: the operations merely compute, the derivatives are ours. */
static gradients by_hand(const lesson *l, ad_tape *t)
{
    my_model_tensors w = my_model_freeze(t, &l->model);
    tf_grad w1 = tf_grad_of(w.w1), b1 = tf_grad_of(w.b1);
    tf_grad w2 = tf_grad_of(w.w2), b2 = tf_grad_of(w.b2);
    tf_grad inp = tf_grad_of(ad_freeze(t, l->x_train));
    ad_tensor targ = ad_freeze(t, l->y_train);

    tf_grad l1 = tf_grad_of(lin(inp.inner, w1.inner, b1.inner));
    tf_grad l2 = tf_grad_of(my_relu(l1.inner));
    tf_grad out = tf_grad_of(lin(l2.inner, w2.inner, b2.inner));
    mse(out.inner, targ); /* backward does not actually need the loss */

    mse_grad(&out, targ);
    lin_grad(&l2, &out, &w2, &b2);
    relu_grad(&l1, &l2);
    lin_grad(&inp, &l1, &w1, &b1);
    check(t);
    return (gradients){{ad_read(inp.grad), ad_read(w1.grad), ad_read(b1.grad), ad_read(w2.grad),
                        ad_read(b2.grad)}};
}

/* ==== Automatic differentiation ======================================================= */

static ad_tensor x_times_x(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_mul(x[0], x[0]);
}

static ad_tensor do_thing(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    ad_tensor q = ad_mul(x[0], x[0]);
    return ad_add(ad_sin(q), ad_cos(q));
}

static void derivatives_of_scalars(lesson *l)
{
    static const char *const figures[] = {"0.0",
                                          "0.2",
                                          "0.4",
                                          "0.6000000000000001",
                                          "0.8",
                                          "1.0",
                                          "1.2000000000000002",
                                          "1.4000000000000001",
                                          "1.6",
                                          "1.8"};
    heading("Derivatives of functions of a number: x*x, and sin(x*x) + cos(x*x)");
    double slopes[10];
    for (int i = 0; i < 10; i++)
        slopes[i] = ad_derivative(x_times_x, 0.1 * i, NULL);
    show_list(l->out, "gradient_of_square", AD_VIEW(slopes, 10), figures);

    const float x = 3.14f;
    const ad_view at = AD_VIEW_SCALAR(&x);
    ad_array slope = {0};
    ad_gradient(l->tape, do_thing, 1, &at, NULL, &slope);
    show_item(l->out, "gradient_at_3_14", ad_freeze(l->tape, slope), "-3.0501623");
    show(l->out, "gradient_at_3_14_f64", ad_derivative(do_thing, 3.14, NULL), "");
    ad_tape_reset(l->tape);
    ad_array_free(&slope);
}

/* ==== Autodiff the functional way ===================================================== */

static const float example[] = {1, 2, 3, 4}, one = 1;
static const char *const example_gradient[] = {"0.5", "1.0", "1.5", "2.0"};

/* Says which function is called, and which was in the lesson. */
static void trace(const char *function, const char *swift)
{
    show_text("", function, swift);
}

/* ---- Basic expressions in MSE: (f(g(x)))' = f'(g(x)) g'(x), with mean for f and square for g */

static ad_tensor square(ad_tensor x)
{
    trace(__func__, "square(_:)");
    return ad_mul(x, x);
}

static ad_tensor grad_square(ad_tensor x)
{
    trace(__func__, "∇square(_:)");
    return ad_mul(2, x);
}

static ad_tensor mean(ad_tensor x)
{
    trace(__func__, "mean(_:)");
    return ad_mean(x);
}

static ad_tensor grad_mean(ad_tensor x)
{
    trace(__func__, "∇mean(_:)");
    return ad_div(full(x, 1), length(x));
}

static ad_tensor mse_inner(ad_tensor x)
{
    return mean(square(x));
}

static ad_tensor grad_mse_inner(ad_tensor x)
{
    return ad_mul(grad_mean(square(x)), grad_square(x));
}

/* ---- Reducing recomputation: a value with its chainer --------------------------------- */

/* The chainer of y = f(x) turns the derivative of whatever follows with respect to y into that
 * with respect to x. Swift has closures; here is a function with what it captured. */
typedef struct vwc {
    ad_tensor value;
    ad_tensor (*chain)(const struct vwc *self, ad_tensor dy);
    ad_tensor x; /* captured */
} vwc;

static ad_tensor square_chain(const vwc *self, ad_tensor dy)
{
    trace(__func__, "square∇Chain(x:ddx:)");
    return ad_mul(dy, ad_mul(2, self->x));
}

static vwc square_vwc(ad_tensor x)
{
    trace(__func__, "squareVWC(_:)");
    return (vwc){ad_mul(x, x), square_chain, x};
}

static ad_tensor mean_chain(const vwc *self, ad_tensor dy)
{
    trace(__func__, "mean∇Chain(x:ddx:)");
    return ad_mul(dy, ad_div(full(self->x, 1), length(self->x)));
}

static vwc mean_vwc(ad_tensor x)
{
    trace(__func__, "meanVWC(_:)");
    return (vwc){ad_mean(x), mean_chain, x};
}

/* What mean(square(x)) captures are its two steps. Their chainers run in reverse. */
typedef struct vwc_pair {
    ad_tensor value;
    vwc first, second;
} vwc_pair;

static ad_tensor mse_inner_chain(const vwc_pair *self, ad_tensor dy)
{
    return self->first.chain(&self->first, self->second.chain(&self->second, dy));
}

static vwc_pair mse_inner_vwc(ad_tensor x)
{
    vwc first = square_vwc(x), second = mean_vwc(first.value);
    return (vwc_pair){second.value, first, second};
}

static void value_and_chain(lesson *l)
{
    ad_tensor x = ad_freeze(l->tape, AD_VIEW(example, 4));
    heading("mean(square(x)) and its gradient, each by itself: square is called twice");
    ad_tensor value = mse_inner(x), grad = grad_mse_inner(x);
    show_item(l->out, "mse_inner_value", value, "7.5");
    show_list(l->out, "mse_inner_gradient", ad_read(grad), example_gradient);

    heading("The same with chainers: forward");
    vwc_pair chained = mse_inner_vwc(x);
    heading("... and backward");
    ad_tensor chained_grad = mse_inner_chain(&chained, ad_constant(l->tape, AD_F32, 1));
    test_same("value by chainers", ad_read(chained.value), ad_read(value));
    test_same("gradient by chainers", ad_read(chained_grad), ad_read(grad));
    ad_tape_reset(l->tape);
}

/* ---- Relu, mse and lin with their chainers -------------------------------------------- */

static ad_tensor relu_chain(const vwc *self, ad_tensor dy)
{
    return ad_where(ad_less(self->x, 0), 0, dy);
}

static vwc relu_vwc(ad_tensor x)
{
    return (vwc){my_relu(x), relu_chain, x};
}

/* Three results, because lin has three operands. */
typedef struct lin_terms {
    ad_tensor value, x, w, b;
} lin_terms;

static lin_terms lin_chain(const lin_terms *self, ad_tensor dy)
{
    return (lin_terms){.x = ad_matmul(dy, ad_transpose(self->w)),
                       .w = ad_matmul(ad_transpose(self->x), dy),
                       .b = ad_unbroadcast(dy, ad_shape_of(self->b))};
}

static lin_terms lin_vwc(ad_tensor x, ad_tensor w, ad_tensor b)
{
    return (lin_terms){lin(x, w, b), x, w, b};
}

static ad_tensor mse_chain(const vwc_pair *self, ad_tensor dy)
{
    return ad_expand(mse_inner_chain(self, dy), -1);
}

static vwc_pair mse_vwc(ad_tensor out, ad_tensor targ)
{
    return mse_inner_vwc(ad_sub(ad_squeeze(out, -1), targ));
}

static gradients by_chainers(const lesson *l, ad_tape *t)
{
    my_model_tensors w = my_model_freeze(t, &l->model);
    lin_terms l1 = lin_vwc(ad_freeze(t, l->x_train), w.w1, w.b1);
    vwc l2 = relu_vwc(l1.value);
    lin_terms out = lin_vwc(l2.value, w.w2, w.b2);
    vwc_pair loss = mse_vwc(out.value, ad_freeze(t, l->y_train));

    ad_tensor dout = mse_chain(&loss, ad_constant(t, AD_F32, 1));
    lin_terms d2 = lin_chain(&out, dout);
    lin_terms d1 = lin_chain(&l1, l2.chain(&l2, d2.x));
    check(t);
    return (gradients){{ad_read(d1.x), ad_read(d1.w), ad_read(d1.b), ad_read(d2.w), ad_read(d2.b)}};
}

/* ==== The chain by tape =============================================================== */

/* The operations know their pullbacks, and the tape calls them in reverse. What is recorded is
 * a matter of the leaves: the same functions, on watched tensors. */
static gradients by_tape(const lesson *l, ad_tape *t)
{
    ad_tensor x = ad_watch(t, l->x_train);
    my_model_tensors w = my_model_watch(t, &l->model);
    ad_tensor loss = mse(model(&w, x), ad_freeze(t, l->y_train));
    if (ad_backward(loss) != AD_OK)
        fail("%s", ad_tape_error(t));
    return (gradients){{ad_grad(x), ad_grad(w.w1), ad_grad(w.b1), ad_grad(w.w2), ad_grad(w.b2)}};
}

static ad_tensor mse_inner_for_ad(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_mean(ad_square(x[0]));
}

static void print_event(void *user, const ad_event *event)
{
    char text[64];
    (void)user;
    trace(ad_event_print(event, text, sizeof text), "");
}

static void value_and_gradient(lesson *l)
{
    const ad_view x = AD_VIEW(example, 4);
    ad_array pulled = {0}, grad = {0};
    double value = NAN;
    ad_pullback p;
    heading("By tape: its operations as they happen, with shapes, and its pullbacks");
    ad_tape_trace(l->tape, print_event, NULL);
    if (ad_value_with_pullback(l->tape, mse_inner_for_ad, 1, &x, NULL, &p) == AD_OK)
        ad_pull(&p, AD_VIEW_SCALAR(&one), &pulled);
    ad_tape_trace(l->tape, NULL, NULL);

    heading("Value and gradient");
    ad_value_with_gradient(l->tape, mse_inner_for_ad, 1, &x, NULL, &value, &grad);
    check(l->tape);
    show(l->out, "value", value, "7.5");
    show_list(l->out, "gradient", ad_array_view(grad), example_gradient);
    test_same("what is pulled back", ad_array_view(pulled), ad_array_view(grad));
    ad_array_free(&pulled);
    ad_array_free(&grad);
    ad_tape_reset(l->tape);
}

/* A function of tensors, as the differential operators take it; env is the target. */
static ad_tensor forward(ad_tape *t, const ad_tensor *x, const void *env)
{
    const ad_array *targ = env;
    ad_tensor l1 = lin(x[0], x[1], x[2]);
    return mse(lin(my_relu(l1), x[3], x[4]), ad_freeze(t, *targ));
}

/* The results of a pullback are arrays, and ours to free. */
static gradients by_pullback(const lesson *l, ad_tape *t, ad_array d[5])
{
    const my_model *w = &l->model;
    const ad_view x[] = {ad_array_view(l->x_train), ad_array_view(w->w1), ad_array_view(w->b1),
                         ad_array_view(w->w2), ad_array_view(w->b2)};
    ad_pullback p;
    if (ad_value_with_pullback(t, forward, 5, x, &l->y_train, &p) != AD_OK ||
        ad_pull(&p, AD_VIEW_SCALAR(&one), d) != AD_OK)
        fail("%s", ad_tape_error(t));
    gradients g;
    for (int i = 0; i < 5; i++)
        g.of[i] = ad_array_view(d[i]);
    return g;
}

/* ==== Bundling up a model into an aggregate value ===================================== */

/* Images with their digits. */
typedef struct batch {
    ad_view x, y;
} batch;

/* The loss as a function of the model, and of images x[0] with their digits x[1]. */
static ad_tensor my_model_loss(ad_tape *t, const my_model_tensors *w, const ad_tensor *x,
                               const void *env)
{
    (void)t, (void)env;
    ad_tensor l1 = lin(x[0], w->w1, w->b1);
    ad_tensor l2 = ad_relu(l1);
    ad_tensor l3 = lin(l2, w->w2, w->b2);
    return ad_mse(ad_squeeze(l3, -1), x[1]);
}

/* The same as a function of the model alone; env is the batch. */
static ad_tensor my_model_forward(ad_tape *t, const my_model_tensors *w, const void *env)
{
    const batch *b = env;
    const ad_tensor x[] = {ad_freeze(t, b->x), ad_freeze(t, b->y)};
    return my_model_loss(t, w, x, NULL);
}

/* The gradient is a struct like the model, one array per parameter. */
static gradients of_model(const my_model *grad)
{
    return (gradients){{[1] = ad_array_view(grad->w1),
                        ad_array_view(grad->b1),
                        ad_array_view(grad->w2),
                        ad_array_view(grad->b2)}};
}

static gradients by_model(lesson *l, ad_tape *t)
{
    const batch all = {ad_array_view(l->x_train), ad_array_view(l->y_train)};
    double loss;
    if (my_model_value_with_gradient(t, my_model_forward, &l->model, &all, &loss, &l->grad))
        fail("%s", ad_tape_error(t));
    return of_model(&l->grad);
}

/* The loss is a mean over images. So the gradient is a mean of those over slices of the images, and
 * a slice needs little memory, which stays in the processor's cache. */
static gradients by_slices(lesson *l, ad_tape *t)
{
    const ad_view all[] = {ad_array_view(l->x_train), ad_array_view(l->y_train)};
    double loss;
    if (my_model_value_with_gradient_over_rows(t, my_model_loss, &l->model, 2, all, NULL, NULL,
                                               &loss, &l->grad))
        fail("%s", ad_tape_error(t));
    return of_model(&l->grad);
}

/* max |a - b| / max |a| */
static double relative_difference(ad_view a, ad_view b)
{
    double gap = 0, size = 0;
    for (size_t i = 0, n = ad_view_count(&a); i < n; i++) {
        double x = ad_view_get(&a, i), y = ad_view_get(&b, i);
        gap = fmax(gap, fabs(x - y));
        size = fmax(size, fabs(x));
    }
    return gap / size;
}

static void compare(lesson *l, const char *how, gradients hand, gradients other)
{
    double worst = 0;
    for (int i = 0; i < 5; i++)
        if (other.of[i].data) { /* the model's gradient has none of the images */
            test_same(how, hand.of[i], other.of[i]);
            worst = fmax(worst, relative_difference(hand.of[i], other.of[i]));
        }
    show(NULL, how, worst, "");
    l->worst = fmax(l->worst, worst);
    ad_tape_reset(l->tape);
}

static void six_gradients(lesson *l)
{
    heading("Gradients, six ways: the largest relative differences from those by hand");
    ad_tape *aside = ad_tape_new(NULL); /* where those by hand stay */
    check(aside);
    gradients hand = by_hand(l, aside);
    compare(l, "by chainers", hand, by_chainers(l, l->tape));
    compare(l, "by tape", hand, by_tape(l, l->tape));
    ad_array d[5] = {0};
    compare(l, "by pullback", hand, by_pullback(l, l->tape, d));
    for (int i = 0; i < 5; i++)
        ad_array_free(&d[i]);
    compare(l, "by model", hand, by_model(l, l->tape));
    compare(l, "by slices", hand, by_slices(l, l->tape));
    show(l->out, "max_relative_difference", l->worst, "");
    ad_tape_free(aside);
    ad_tape_trim(l->tape);
}

/* ==== In terms of timing ============================================================== */

static void run_forward(void *user)
{
    lesson *l = user;
    my_model_tensors w = my_model_freeze(l->tape, &l->model);
    model(&w, ad_freeze(l->tape, l->x_valid));
    check(l->tape);
    ad_tape_reset(l->tape);
}

static void run_by_hand(void *user)
{
    lesson *l = user;
    by_hand(l, l->tape);
    ad_tape_reset(l->tape);
}

static void run_by_tape(void *user)
{
    lesson *l = user;
    by_model(l, l->tape);
    ad_tape_reset(l->tape);
}

static void run_by_slices(void *user)
{
    lesson *l = user;
    by_slices(l, l->tape);
    ad_tape_reset(l->tape);
}

static void timing(lesson *l)
{
    int64_t repeat = l->s.repeat;
    heading("Times in ms: forward on the validation set, all gradients on the training set");
    show_times(l->out, "forward_10k_ms", time_repeating(repeat, run_forward, l));
    show_times(l->out, "by_hand_60k_ms", time_repeating(repeat, run_by_hand, l));
    ad_tape_trim(l->tape);
    show_times(l->out, "by_tape_60k_ms", time_repeating(repeat, run_by_tape, l));
    ad_tape_trim(l->tape);
    show_times(l->out, "by_slices_60k_ms", time_repeating(repeat, run_by_slices, l));
}

/* ==== The purpose of it all: training ================================================= */

/* On the whole training set. The leaves are frozen, so nothing is recorded. */
static double loss_of(const lesson *l)
{
    const batch all = {ad_array_view(l->x_train), ad_array_view(l->y_train)};
    my_model_tensors w = my_model_freeze(l->tape, &l->model);
    double loss = ad_item(my_model_forward(l->tape, &w, &all));
    check(l->tape);
    ad_tape_reset(l->tape);
    return loss;
}

/* Once through all images, in steps of a batch: model -= rate gradient. */
static void train_epoch(lesson *l, progress *bar)
{
    int64_t n = l->x_train.shape.dim[0], size = l->s.batch;
    for (int64_t begin = 0, end; begin < n; begin = end) {
        end = size < n - begin ? begin + size : n;
        const batch b = {rows(l->x_train, begin, end), rows(l->y_train, begin, end)};
        my_model_tensors w = my_model_watch(l->tape, &l->model);
        ad_tensor loss = my_model_forward(l->tape, &w, &b);
        if (my_model_gradient(loss, &w, &l->grad) != AD_OK) /* the one check */
            fail("%s", ad_tape_error(l->tape));
        progress_step(bar, end - begin, ad_item(loss));
        ad_tape_reset(l->tape); /* ends every tensor, keeps the memory */
        my_model_axpy(-l->s.rate, &l->grad, &l->model, NULL); /* which are alike */
    }
}

static void train(lesson *l)
{
    heading("Training: the loss before, and after each epoch");
    double loss = loss_of(l);
    show(l->out, "loss_first", loss, "");
    fflush(stdout);
    progress bar = progress_begin(l->s.epochs * l->x_train.shape.dim[0]);
    for (int64_t epoch = 1; epoch <= l->s.epochs; epoch++) {
        char name[32];
        train_epoch(l, &bar);
        progress_hide(&bar);
        snprintf(name, sizeof name, "loss[%lld]", (long long)epoch);
        loss = loss_of(l);
        if (!isfinite(loss))
            fail("no finite loss after epoch %lld: try a lower --rate", (long long)epoch);
        show(NULL, name, loss, "");
        fflush(stdout);
    }
    show(l->out, "loss_last", loss, "");
}

int main(int argc, char **argv)
{
    lesson l = {.s = {.train = 60000,
                      .test = 10000,
                      .epochs = 5,
                      .batch = 50,
                      .rate = 0.001,
                      .repeat = 10,
                      .seed = 1,
                      .threads = 1}};
    ad_pool *pool;
    read_options(argc, argv, "data train test epochs batch rate repeat seed threads json", &l.s);
    l.tape = new_tape(&l.s, &pool);
    l.out = cJSON_CreateObject();

    load(&l);
    initialise(&l);
    statistics(&l);
    loss_function(&l);
    derivatives_of_scalars(&l);
    value_and_chain(&l);
    value_and_gradient(&l);
    six_gradients(&l);
    timing(&l);
    train(&l);
    write_json(l.out, l.s.json);

    ad_array_free(&l.x_train);
    ad_array_free(&l.x_valid);
    ad_array_free(&l.y_train);
    my_model_free(&l.grad);
    my_model_free(&l.model);
    ad_tape_free(l.tape);
    ad_pool_free(pool);
}
