/* For libFuzzer: any bytes at all are loaded as a training state, or refused and nothing is changed. */
#include "adze/io/training.h"

#include <stdlib.h>
#include <string.h>

AD_MODEL(small, w, b);
AD_MODEL_TRAINING(small);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

enum { PARTS = 6 };

typedef struct state {
    small model;
    ad_states states;
    ad_lbfgs_memory history;
    ad_plateau plateau;
    ad_array order;
    char note[8];
} state;

static bool load(const uint8_t *bytes, size_t size, state *s)
{
    ad_sgd sgd = {.rate = 0.1, .momentum = 0.9};
    ad_training_part parts[PARTS] = {
        small_part("model", &s->model),
        small_states_part("sgd", ad_sgd_method(&sgd), &s->states, &s->model),
        ad_lbfgs_part("history", &s->history),
        ad_plateau_part("plateau", &s->plateau),
        ad_array_part("order", &s->order),
        ad_text_part("note", s->note, sizeof s->note),
    };
    ad_safetensors *file = ad_safetensors_parse(bytes, size, "fuzz", NULL, NULL);
    bool loaded = ad_training_load_file(file, PARTS, parts, NULL, NULL) == AD_OK;
    ad_safetensors_close(file);
    return loaded;
}

/* What is loaded is whole: a step can be taken with it. */
static void use(state *s)
{
    ad_sgd sgd = {.rate = 0.1, .momentum = 0.9};
    small gradient = {0};
    if (s->model.w.data && small_like(&s->model, &gradient, NULL) == AD_OK)
        small_step(ad_sgd_method(&sgd), &gradient, &s->states, &s->model, NULL);
    small_free(&gradient);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const state nothing;
    state s = {.plateau = ad_plateau_new(0.5, 1)}, before = s;
    if (bytes && load(bytes, size, &s))
        use(&s);
    else if (memcmp(&s.model, &nothing.model, sizeof s.model) != 0 || s.states.count ||
             s.history.pairs || s.order.data || s.plateau.best < before.plateau.best)
        abort();
    small_free(&s.model);
    ad_states_free(&s.states);
    ad_lbfgs_free(&s.history);
    ad_array_free(&s.order);
    return 0;
}
