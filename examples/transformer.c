/* A transformer that writes: it reads poems character by character, learns to foretell the next one, and goes on by
 * itself. Two layers, four heads, causal attention with rotary positions, layer norms before each part. */
#include "common.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* By William Blake (1794), Lewis Carroll (1865, 1871) and Christina Rossetti (1872). */
static const char text[] =
    "Tyger Tyger, burning bright,\nIn the forests of the night;\n"
    "What immortal hand or eye,\nCould frame thy fearful symmetry?\n\n"
    "In what distant deeps or skies.\nBurnt the fire of thine eyes?\n"
    "On what wings dare he aspire?\nWhat the hand, dare seize the fire?\n\n"
    "And what shoulder, and what art,\nCould twist the sinews of thy heart?\n"
    "And when thy heart began to beat,\nWhat dread hand? and what dread feet?\n\n"
    "What the hammer? what the chain,\nIn what furnace was thy brain?\n"
    "What the anvil? what dread grasp,\nDare its deadly terrors clasp!\n\n"
    "When the stars threw down their spears\nAnd water'd heaven with their tears:\n"
    "Did he smile his work to see?\nDid he who made the Lamb make thee?\n\n"
    "How doth the little crocodile\nImprove his shining tail,\n"
    "And pour the waters of the Nile\nOn every golden scale!\n\n"
    "How cheerfully he seems to grin,\nHow neatly spreads his claws,\n"
    "And welcomes little fishes in,\nWith gently smiling jaws!\n\n"
    "'Twas brillig, and the slithy toves\nDid gyre and gimble in the wabe:\n"
    "All mimsy were the borogoves,\nAnd the mome raths outgrabe.\n\n"
    "Beware the Jabberwock, my son!\nThe jaws that bite, the claws that catch!\n"
    "Beware the Jubjub bird, and shun\nThe frumious Bandersnatch!\n\n"
    "He took his vorpal sword in hand;\nLong time the manxome foe he sought,\n"
    "So rested he by the Tumtum tree\nAnd stood awhile in thought.\n\n"
    "And, as in uffish thought he stood,\nThe Jabberwock, with eyes of flame,\n"
    "Came whiffling through the tulgey wood,\nAnd burbled as it came!\n\n"
    "One, two! One, two! And through and through\nThe vorpal blade went snicker-snack!\n"
    "He left it dead, and with its head\nHe went galumphing back.\n\n"
    "And hast thou slain the Jabberwock?\nCome to my arms, my beamish boy!\n"
    "O frabjous day! Callooh! Callay!\nHe chortled in his joy.\n\n"
    "Who has seen the wind?\nNeither I nor you:\n"
    "But when the leaves hang trembling,\nThe wind is passing through.\n\n"
    "Who has seen the wind?\nNeither you nor I:\n"
    "But when the trees bow down their heads,\nThe wind is passing by.\n\n";

enum {
    CHARACTERS = sizeof text - 1,
    CODES = 128,
    WIDTH = 64,
    HEADS = 4,
    LAYERS = 2,
    CONTEXT = 64, /* characters that it looks back to */
    SAMPLE = 400,
    EACH = WIDTH / HEADS
};

static const double epsilon = 1e-5;

/* ---- the model ----------------------------------------------------------------------- */

AD_MODEL(dense, w, b); /* [inputs, outputs], [outputs] */
AD_MODEL(norm, gain, bias);
AD_MODEL(block, (norm, before), (dense, qkv), (dense, joined), (norm, between), (dense, wide),
         (dense, narrow));
AD_MODEL(writer, embedding, (block, layer, LAYERS), (norm, last), (dense, codes));

static ad_tensor normed(const norm_tensors *n, ad_tensor x)
{
    return ad_layer_norm(x, n->gain, n->bias, epsilon);
}

static ad_tensor dense_of(const dense_tensors *d, ad_tensor x)
{
    return ad_dense(x, d->w, d->b, AD_IDENTITY);
}

/* Queries (0), keys (1) or values (2) of all rows, as heads: [batch, HEADS, n, EACH]. */
static ad_tensor heads_of(ad_tensor qkv, int which, int64_t batch)
{
    ad_tensor own = ad_slice(qkv, 1, which * WIDTH, (which + 1) * WIDTH);
    own = ad_permute(ad_reshape(own, AD_SHAPE(batch, -1, HEADS, EACH)), AD_AXES(0, 2, 1, 3));
    return which == 2 ? own : ad_rotary(own, (ad_position_options){0});
}

/* x [batch n, WIDTH] -> the same, each row with what it has found in those before it. */
static ad_tensor run_block(const block_tensors *b, ad_tensor x, int64_t batch)
{
    ad_tensor qkv = dense_of(&b->qkv, normed(&b->before, x));
    ad_tensor y = ad_attention(heads_of(qkv, 0, batch), heads_of(qkv, 1, batch),
                               heads_of(qkv, 2, batch), (ad_attention_options){.causal = true});
    y = ad_reshape(ad_permute(y, AD_AXES(0, 2, 1, 3)), AD_SHAPE(-1, WIDTH));
    x = ad_add(x, dense_of(&b->joined, y));
    return ad_add(x, dense_of(&b->narrow, ad_gelu(dense_of(&b->wide, normed(&b->between, x)))));
}

/* codes [batch n] of characters -> logits [batch n, CODES] of those that follow. */
static ad_tensor writer_apply(const writer_tensors *m, ad_tensor codes, int64_t batch)
{
    ad_tensor x = ad_embedding(m->embedding, codes);
    for (int i = 0; i < LAYERS; i++)
        x = run_block(&m->layer[i], x, batch);
    return dense_of(&m->codes, normed(&m->last, x));
}

/* ---- at first ------------------------------------------------------------------------ */

static ad_array weights(int64_t rows, int64_t columns, ad_random *random)
{
    ad_array w = ad_zeros(AD_F32, AD_SHAPE(rows, columns));
    if (ad_fill_normal(&w, random, 0, 0.05) != AD_OK)
        fail("no memory for the weights");
    return w;
}

static dense dense_new(int64_t inputs, int64_t outputs, ad_random *random)
{
    return (dense){weights(inputs, outputs, random), ad_zeros(AD_F32, AD_SHAPE(outputs))};
}

static norm norm_new(void)
{
    return (norm){ad_full(AD_F32, AD_SHAPE(WIDTH), 1), ad_zeros(AD_F32, AD_SHAPE(WIDTH))};
}

static writer writer_new(ad_random *random)
{
    writer m = {.embedding = weights(CODES, WIDTH, random),
                .last = norm_new(),
                .codes = dense_new(WIDTH, CODES, random)};
    for (int i = 0; i < LAYERS; i++)
        m.layer[i] = (block){
            norm_new(), dense_new(WIDTH, 3 * WIDTH, random), dense_new(WIDTH, WIDTH, random),
            norm_new(), dense_new(WIDTH, 4 * WIDTH, random), dense_new(4 * WIDTH, WIDTH, random)};
    return m;
}

/* ---- training ------------------------------------------------------------------------ */

typedef struct trainer {
    ad_tape *tape;
    ad_random random;
    ad_method adam;
    ad_states states;
    writer model, gradient;
    int32_t *codes, *next; /* [batch, CONTEXT] */
} trainer;

/* Some passages of the text, and the characters that follow. */
static void choose(trainer *t, int64_t batch)
{
    for (int64_t i = 0; i < batch; i++) {
        const char *passage = text + ad_random_below(&t->random, CHARACTERS - CONTEXT);
        for (int64_t k = 0; k < CONTEXT; k++) {
            t->codes[i * CONTEXT + k] = passage[k];
            t->next[i * CONTEXT + k] = passage[k + 1];
        }
    }
}

/* One step; returns the loss, in nats a character. */
static double step(trainer *t, int64_t batch)
{
    ad_error error = {0};
    choose(t, batch);
    writer_tensors m = writer_watch(t->tape, &t->model);
    ad_tensor codes = ad_freeze(t->tape, AD_VIEW(t->codes, batch * CONTEXT));
    ad_tensor next = ad_freeze(t->tape, AD_VIEW(t->next, batch * CONTEXT));
    ad_tensor loss = ad_softmax_cross_entropy(writer_apply(&m, codes, batch), next);
    if (writer_gradient(loss, &m, &t->gradient) != AD_OK)
        fail("%s", ad_tape_error(t->tape));
    double value = ad_item(loss);
    ad_tape_reset(t->tape);
    if (writer_clip_global_norm(&t->gradient, 1, NULL, &error) != AD_OK ||
        writer_step(t->adam, &t->gradient, &t->states, &t->model, &error) != AD_OK)
        fail("%s", error.text);
    return value;
}

/* ---- writing ------------------------------------------------------------------------- */

/* A character by its probability, where unlikely ones are made unlikelier yet. */
static char draw(const float *logits, ad_random *random)
{
    enum { SHARPER = 2 };
    double p[CODES], sum = 0, top = logits[0];
    for (int i = 0; i < CODES; i++)
        top = logits[i] > top ? logits[i] : top;
    for (int i = 0; i < CODES; i++)
        sum += p[i] = exp(SHARPER * (logits[i] - top));
    double at = ad_random_uniform(random) * sum;
    int chosen = 0;
    while (chosen + 1 < CODES && (at -= p[chosen]) >= 0)
        chosen++;
    return (char)(isprint(chosen) || chosen == '\n' ? chosen : '?');
}

/* Goes on where `written` ends, which has room for SAMPLE characters. */
static void write_on(trainer *t, char *written)
{
    for (size_t n = strlen(written); n < SAMPLE; n++) {
        size_t first = n > CONTEXT ? n - CONTEXT : 0, count = n - first;
        for (size_t i = 0; i < count; i++)
            t->codes[i] = written[first + i];
        writer_tensors m = writer_freeze(t->tape, &t->model);
        ad_tensor codes = ad_freeze(t->tape, AD_VIEW(t->codes, (int64_t)count));
        ad_view logits = ad_read(writer_apply(&m, codes, 1));
        check(t->tape);
        written[n] = draw((const float *)logits.data + (count - 1) * CODES, &t->random);
        written[n + 1] = 0;
        ad_tape_reset(t->tape);
    }
}

int main(int argc, char **argv)
{
    settings s = {.epochs = 12, .batch = 8, .rate = 0.003, .seed = 1, .threads = 1};
    enum { STEPS = 50 }; /* of an epoch */
    char written[SAMPLE + 1] = "What the ";
    ad_pool *pool;
    read_options(argc, argv, "epochs batch rate seed threads json", &s);
    ad_tape *tape = new_tape(&s, &pool);
    ad_random random = ad_random_new((uint64_t)s.seed, 1);
    ad_adam adam = ad_adam_new(s.rate);
    trainer t = {.tape = tape,
                 .random = ad_random_new((uint64_t)s.seed, 0),
                 .model = writer_new(&random),
                 .codes = calloc((size_t)(s.batch * CONTEXT), sizeof *t.codes),
                 .next = calloc((size_t)(s.batch * CONTEXT), sizeof *t.next)};
    if (!t.codes || !t.next)
        fail("no memory for %lld passages", (long long)s.batch);
    double start = now(), mean = 0, first = 0;
    for (int64_t epoch = 0; epoch < s.epochs; epoch++) {
        mean = 0;
        adam.rate = s.rate * (double)(s.epochs - epoch) / (double)s.epochs; /* to settle */
        t.adam = ad_adam_method(&adam);
        for (int i = 0; i < STEPS; i++)
            mean += step(&t, s.batch) / STEPS;
        first = epoch ? first : mean;
        printf("steps %4lld   loss %.3f nats a character\n", (long long)(epoch + 1) * STEPS, mean);
        fflush(stdout);
    }
    double seconds = now() - start;
    printf("after %.1f seconds it writes:\n\n", seconds);
    write_on(&t, written);
    printf("%s\n", written);
    cJSON *out = cJSON_CreateObject();
    cJSON_AddNumberToObject(out, "first_loss", first);
    cJSON_AddNumberToObject(out, "loss", mean);
    cJSON_AddNumberToObject(out, "seconds", seconds);
    cJSON_AddStringToObject(out, "written", written);
    write_json(out, s.json);

    writer_free(&t.model);
    writer_free(&t.gradient);
    ad_states_free(&t.states);
    free(t.codes);
    free(t.next);
    ad_tape_free(tape);
    ad_pool_free(pool);
}
