// Small operations, the lesson's network and numbers one by one in Sacado, in f64: reverse mode
// over scalar operations (Trad); where a Jacobian is asked for, forward mode (SFad) as well, as a
// peer of its own.
#include "measuring.hpp"
#include "numbers.hpp"

// Debian has no headers of Teuchos beside it.
#include <Sacado_ConfigDefs.h>
#undef HAVE_SACADO_TEUCHOSCORE
#undef HAVE_SACADO_TEUCHOSCOMM
#undef HAVE_SACADO_TEUCHOSNUMERICS
#undef HAVE_SACADO_TEUCHOSKOKKOSCOMM
#include <Sacado_No_Kokkos.hpp>
#include <Sacado_trad.hpp>

typedef Sacado::Rad::ADvar<double> Number;

static double chain_gradient(int ops)
{
    Number x(0.5), a(1), b(1e-6);
    Number y = measuring::chain(x, a, b, ops);
    Number::Gradcomp();
    return x.adj() + a.adj() + b.adj();
}

static void step(std::vector<double> &p, const std::vector<double> &x)
{
    std::vector<Number> w(p.begin(), p.end());
    Number loss = measuring::loss_of(w.data(), x.data(), 3.0);
    Number::Gradcomp();
    for (std::size_t i = 0; i < p.size(); i++)
        p[i] -= measuring::rate * w[i].adj();
}

// The gradient of f(x) by n numbers, into `gradient`.
template <typename F>
static void gradient_of(const F &f, std::size_t n, const double *at, double *gradient)
{
    std::vector<Number> x(at, at + n);
    Number y = f(x.data());
    Number::Gradcomp();
    for (std::size_t i = 0; i < n; i++)
        gradient[i] = x[i].adj();
}

static void dag_gradient(const numbers::Dag &dag, std::vector<Number> &x, double *gradient)
{
    for (std::size_t i = 0; i < DAG_INPUTS; i++)
        x[i] = dag.value[i];
    Number y = dag.sum(x.data());
    Number::Gradcomp();
    for (std::size_t i = 0; i < DAG_INPUTS; i++)
        gradient[i] = x[i].adj();
}

static void bundle_reverse(const numbers::Bundle &b, double *jacobian)
{
    for (std::size_t i = 0; i < BA_SEEN; i++) {
        double in[BA_INPUTS];
        b.inputs_of(i, in);
        {
            Number x[BA_INPUTS], error[BA_ERRORS];
            for (int k = 0; k < BA_INPUTS; k++)
                x[k] = in[k];
            b.errors(i, x, error);
            for (int j = 0; j < BA_ERRORS; j++) {
                Number::Outvar_Gradcomp(error[j]);
                for (int k = 0; k < BA_INPUTS; k++)
                    *jacobian++ = x[k].adj();
            }
        }
        Number::aval_reset();
    }
}

static void bundle_forward(const numbers::Bundle &b, double *jacobian)
{
    typedef Sacado::Fad::SFad<double, BA_INPUTS> Forward;
    for (std::size_t i = 0; i < BA_SEEN; i++) {
        double in[BA_INPUTS];
        Forward x[BA_INPUTS], error[BA_ERRORS];
        b.inputs_of(i, in);
        for (int k = 0; k < BA_INPUTS; k++)
            x[k] = Forward(BA_INPUTS, k, in[k]);
        b.errors(i, x, error);
        for (int j = 0; j < BA_ERRORS; j++)
            for (int k = 0; k < BA_INPUTS; k++)
                *jacobian++ = error[j].dx(k);
    }
}

static void hand_forward(const numbers::Hand &h, double *jacobian)
{
    typedef Sacado::Fad::SFad<double, HAND_PARAMETERS> Forward;
    Forward x[HAND_PARAMETERS];
    std::vector<Forward> error(numbers::Hand::count);
    for (int k = 0; k < HAND_PARAMETERS; k++)
        x[k] = Forward(HAND_PARAMETERS, k, h.model[0].parameters[k]);
    h.errors(x, error.data());
    for (const Forward &e : error)
        for (int k = 0; k < HAND_PARAMETERS; k++)
            *jacobian++ = e.dx(k);
}

static void measure_numbers(measuring::Peer &peer)
{
    std::vector<double> g(BA_SEEN * BA_ERRORS * BA_INPUTS);
    for (const auto &c : numbers::chains())
        peer.measure(c.name, c.ops, [&] {
            gradient_of([&](Number *x) { return numbers::chain(c, x); }, CHAIN_INPUTS, chain_inputs,
                        g.data());
        });
    numbers::Dag dag;
    std::vector<Number> room(DAG_NUMBERS);
    peer.measure("number_dag_1e6", DAG_NUMBERS, [&] { dag_gradient(dag, room, g.data()); });
    numbers::Lotka lotka;
    peer.measure("lotka_volterra", 1, [&] {
        gradient_of([&](Number *p) { return lotka.loss(p); }, LV_PARAMETERS, lv_parameters,
                    g.data());
    });
    numbers::Gmm gmm;
    peer.measure("gmm_1k_d10_k25", 1, [&] {
        gradient_of([&](Number *p) { return gmm.likelihood(p); }, GMM_PARAMETERS, gmm.p.data(),
                    g.data());
    });
    numbers::Lstm lstm;
    peer.measure("lstm_l2_c1024", 1, [&] {
        gradient_of([&](Number *p) { return lstm.loss(p); }, LSTM_PARAMETERS, lstm.p.data(),
                    g.data());
    });
    numbers::Bundle bundle;
    numbers::Hand hand;
    peer.measure("ba1", 1, [&] { bundle_reverse(bundle, g.data()); });
    peer.measure(
        "ba1", 1, [&] { bundle_forward(bundle, g.data()); }, "sacado_fad");
    peer.measure(
        "hand_simple", 1, [&] { hand_forward(hand, g.data()); }, "sacado_fad");
}

// ---- programs: forward mode, which needs no record --------------------------------------

static void measure_lotka_programs(measuring::Peer &peer)
{
    typedef Sacado::Fad::SFad<double, LV_PARAMETERS> Forward;
    numbers::Lotka lotka;
    double g[LV_PARAMETERS];
    auto gradient = [&] {
        Forward p[LV_PARAMETERS];
        for (int i = 0; i < LV_PARAMETERS; i++)
            p[i] = Forward(LV_PARAMETERS, i, lv_parameters[i]);
        Forward y = lotka.loss(p);
        for (int i = 0; i < LV_PARAMETERS; i++)
            g[i] = y.dx(i);
    };
    peer.measure("program_lv", 1, gradient, "sacado_fad");
    peer.measure_cold("program_lv_cold", 1, gradient, "sacado_fad");
    peer.measure("program_lv_exported", 1, gradient, "sacado_fad");
}

static void measure_bundle_program(measuring::Peer &peer)
{
    typedef Sacado::Fad::SFad<double, BA_INPUTS> Forward;
    numbers::Bundle b;
    std::vector<double> jacobian(std::size_t(BA_MAPPED) * BA_RESIDUALS * BA_INPUTS);
    auto all = [&] {
        double *to = jacobian.data();
        for (int i = 0; i < BA_MAPPED; i++) {
            double in[BA_RESIDUAL_INPUTS];
            Forward x[BA_INPUTS], error[BA_RESIDUALS];
            b.residual_inputs(i, in);
            for (int k = 0; k < BA_INPUTS; k++)
                x[k] = Forward(BA_INPUTS, k, in[k]);
            numbers::Bundle::residual(x, in + BA_INPUTS, error);
            for (const Forward &e : error)
                to = std::copy_n(e.dx(), BA_INPUTS, to);
        }
    };
    peer.measure("program_ba", BA_MAPPED, all, "sacado_fad");
    peer.measure("program_ba_exported", BA_MAPPED, all, "sacado_fad");
}

int main(int argc, char **argv)
{
    measuring::Peer peer("sacado", argc, argv);
    volatile double sink;
    for (const auto &c : measuring::chains())
        peer.measure(c.name, c.ops, [&] { sink = chain_gradient(c.ops); });
    std::vector<double> p = measuring::initial_parameters(), x(measuring::inputs, 0.5);
    peer.measure("step_b1", 1, [&] { step(p, x); });
    measure_numbers(peer);
    measure_lotka_programs(peer);
    measure_bundle_program(peer);
    (void)sink;
    peer.tell();
}
