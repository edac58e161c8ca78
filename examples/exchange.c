/* Weights of PyTorch in adze, and back: a net that reads sequences, an LSTM and a dense layer.
 *
 *     exchange GIVEN.safetensors WRITTEN.safetensors
 *
 * The first file has the state_dict of such a net as PyTorch names and lays out its weights, and an input x [time,
 * batch, features]. The second one gets the weights again, by the same names and in the same layout, and y, what adze's
 * net computes of x. exchange.py does the other half, in Python, and compares.
 *
 * Without arguments the program makes a file as PyTorch would, and goes there and back with it. */
#define _POSIX_C_SOURCE 200809L
#include "common.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

AD_MODEL(cell, w, u, b); /* [features, 4 size], [size, 4 size], [4 size] */
AD_MODEL(dense, w, b);   /* [size, outputs], [outputs] */
AD_MODEL(net, (cell, lstm), (dense, last));

static void need(ad_status status, const ad_error *error)
{
    if (status != AD_OK)
        fail("%s", error->text);
}

/* ---- from PyTorch and back ------------------------------------------------------------- */

/* PyTorch has matrices as [out, in], adze as [in, out]. Gates of an LSTM come in the same order. */
static ad_view turned(ad_view v)
{
    ad_view t = v;
    for (int i = 0; i < v.shape.rank; i++) {
        t.shape.dim[i] = v.shape.dim[v.shape.rank - 1 - i];
        t.stride[i] = v.stride[v.shape.rank - 1 - i];
    }
    return t;
}

static ad_array numbers_of(const ad_safetensors *file, const char *name)
{
    ad_array a = {0};
    ad_error error = {AD_OK, ""};
    int i = ad_safetensors_find(file, name);
    if (i < 0)
        fail("there is no array '%s'", name);
    need(ad_safetensors_read_as(file, i, AD_F32, NULL, &a, &error), &error);
    return a;
}

static ad_array weight_of(const ad_safetensors *file, const char *name)
{
    ad_array theirs = numbers_of(file, name);
    ad_array ours = ad_array_copy(NULL, AD_F32, turned(ad_array_view(theirs)));
    ad_array_free(&theirs);
    return ours;
}

/* PyTorch's LSTM has two biases, which are added. */
static ad_array bias_of(const ad_safetensors *file)
{
    ad_array b = weight_of(file, "lstm.bias_ih_l0"), other = weight_of(file, "lstm.bias_hh_l0");
    ad_view first = ad_array_view(b), second = ad_array_view(other);
    if (!ad_shape_equal(&b.shape, &other.shape))
        fail("the biases of the LSTM have different shapes");
    for (size_t i = 0; i < ad_array_count(&b); i++)
        ad_array_set(&b, i, ad_view_get(&first, i) + ad_view_get(&second, i));
    ad_array_free(&other);
    return b;
}

static net from_torch(const ad_safetensors *file)
{
    return (net){
        .lstm = {weight_of(file, "lstm.weight_ih_l0"), weight_of(file, "lstm.weight_hh_l0"),
                 bias_of(file)},
        .last = {weight_of(file, "last.weight"), weight_of(file, "last.bias")},
    };
}

/* Views of any strides are written row by row, so nothing has to be copied. The second bias is 0. */
static void to_torch(const char *path, const net *m, const char *extra, ad_view numbers)
{
    ad_error error = {AD_OK, ""};
    ad_array zeros = ad_zeros(AD_F32, m->lstm.b.shape);
    ad_named_view arrays[] = {
        {"lstm.weight_ih_l0", turned(ad_array_view(m->lstm.w)), AD_FULL},
        {"lstm.weight_hh_l0", turned(ad_array_view(m->lstm.u)), AD_FULL},
        {"lstm.bias_ih_l0", ad_array_view(m->lstm.b), AD_FULL},
        {"lstm.bias_hh_l0", ad_array_view(zeros), AD_FULL},
        {"last.weight", turned(ad_array_view(m->last.w)), AD_FULL},
        {"last.bias", ad_array_view(m->last.b), AD_FULL},
        {extra, numbers, AD_FULL},
    };
    int n = sizeof arrays / sizeof *arrays;
    need(ad_safetensors_write(path, n, arrays, 0, NULL, NULL, &error), &error);
    ad_array_free(&zeros);
}

/* ---- the net -------------------------------------------------------------------------- */

/* x [time, batch, features] -> [batch, outputs], from the last state. */
static ad_tensor apply(const net_tensors *m, ad_tensor x)
{
    int64_t batch = ad_shape_of(x).dim[1], size = ad_shape_of(m->lstm.u).dim[0];
    ad_tensor zeros = ad_broadcast_to(ad_constant(x.tape, AD_F32, 0), AD_SHAPE(batch, size));
    ad_lstm_results r =
        ad_lstm(x, zeros, zeros, m->lstm.w, m->lstm.u, m->lstm.b, (ad_sequence_options){0});
    return ad_dense(r.h, m->last.w, m->last.b, AD_IDENTITY);
}

/* What the net computes of x. */
static ad_array output_of(const net *m, ad_array x)
{
    ad_tape *t = ad_tape_new(NULL);
    net_tensors tensors = net_freeze(t, m);
    ad_array y = keep(apply(&tensors, ad_freeze(t, x)));
    check(t);
    ad_tape_free(t);
    return y;
}

/* From one file into another. Returns y. */
static ad_array exchange(const char *given, const char *written)
{
    ad_error error = {AD_OK, ""};
    ad_safetensors *file = ad_safetensors_open(given, NULL, &error);
    need(error.status, &error);
    net m = from_torch(file);
    ad_array x = numbers_of(file, "x"), y = output_of(&m, x);
    ad_safetensors_close(file);
    to_torch(written, &m, "y", ad_array_view(y));
    net_free(&m);
    ad_array_free(&x);
    return y;
}

/* ---- there and back --------------------------------------------------------------------- */

enum { FEATURES = 3, SIZE = 4, OUTPUTS = 2, TIME = 5, BATCH = 2 };

static ad_array drawn(ad_shape shape, ad_random *random)
{
    ad_array a = ad_zeros(AD_F32, shape);
    if (ad_fill_normal(&a, random, 0, 0.5) != AD_OK)
        fail("no memory for the weights");
    return a;
}

/* The largest difference of two arrays of one shape. */
static double distance(ad_array a, ad_array b)
{
    double most = 0;
    ad_view x = ad_array_view(a), y = ad_array_view(b);
    for (size_t i = 0; i < ad_array_count(&a); i++)
        most = fmax(most, fabs(ad_view_get(&x, i) - ad_view_get(&y, i)));
    return most;
}

static void there_and_back(const char *given, const char *written)
{
    ad_random r = ad_random_new(1, 0);
    net m = {{drawn(AD_SHAPE(FEATURES, 4 * SIZE), &r), drawn(AD_SHAPE(SIZE, 4 * SIZE), &r),
              drawn(AD_SHAPE(4 * SIZE), &r)},
             {drawn(AD_SHAPE(SIZE, OUTPUTS), &r), drawn(AD_SHAPE(OUTPUTS), &r)}};
    ad_array x = drawn(AD_SHAPE(TIME, BATCH, FEATURES), &r);
    to_torch(given, &m, "x", ad_array_view(x));
    ad_array wanted = output_of(&m, x), y = exchange(given, written);
    printf("weights there and back: the outputs differ by %g\n", distance(wanted, y));
    net_free(&m);
    ad_array_free(&x);
    ad_array_free(&y);
    ad_array_free(&wanted);
}

int main(int argc, char **argv)
{
    static const char usage[] = "usage: exchange [GIVEN.safetensors WRITTEN.safetensors]";
    if (argc == 3) {
        ad_array y = exchange(argv[1], argv[2]);
        ad_array_free(&y);
    } else if (argc == 1) {
        char folder[] = "/tmp/adze-exchange-XXXXXX", given[64], written[64];
        if (!mkdtemp(folder))
            fail("there can be no folder in /tmp");
        snprintf(given, sizeof given, "%s/given.safetensors", folder);
        snprintf(written, sizeof written, "%s/written.safetensors", folder);
        there_and_back(given, written);
        remove(given);
        remove(written);
        rmdir(folder);
    } else if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        printf("%s\n", usage);
    } else {
        fail("%s", usage);
    }
}
