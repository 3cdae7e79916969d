# Makes the tables of this folder and R's answers to them: Rscript reference.R [folder]. Nothing here calls OsteoCount.
# R 4.2.2; mvtnorm 1.1-3, jsonlite 1.8.4, psych 2.2.9, epiR 2.0.57.
suppressMessages({library(mvtnorm); library(jsonlite); library(psych); library(epiR)})
options(contrasts = c("contr.treatment", "contr.poly"))
args <- commandArgs(TRUE); setwd(if (length(args)) args[1] else ".")

# ---- tables -------------------------------------------------------------------------------------------------------
wells <- function(grid, level, fold, sd_arm = 0.15, theta = 10) { # negative-binomial wells, donor and donor x arm effects
  donors <- unique(grid$donor); pairs <- unique(paste(grid$donor, grid$treatment, grid$oxygen))
  u <- setNames(rnorm(length(donors), 0, 0.4), donors); v <- setNames(rnorm(length(pairs), 0, sd_arm), pairs)
  mu <- level * fold[as.character(grid$treatment)] * exp(u[grid$donor] + v[paste(grid$donor, grid$treatment, grid$oxygen)])
  rnbinom(nrow(grid), mu = mu * grid$area_mm2 / mean(grid$area_mm2), size = theta) }
place <- function(d) { i <- ave(seq_len(nrow(d)), d$plate, FUN = seq_along) - 1; d$well <- paste0(LETTERS[i %/% 12 + 1], i %% 12 + 1); d }
repeated <- function(cells, n) cells[rep(seq_len(nrow(cells)), n), ]
cross <- function(donors, arms) expand.grid(treatment = arms, donor = donors, stringsAsFactors = FALSE)[, 2:1]
save <- function(d, name) { write.csv(d, paste0(name, ".csv"), row.names = FALSE, quote = FALSE); d }
ARMS <- c("control", "rhIL32_20", "rhIL32_100", "EV_WT", "EV_KO")

# ---- exact single-step Dunnett: the chi scale by quadrature, the normal rectangle by Miwa's exact algorithm ----------
inside <- function(c, R, df) { k <- nrow(R)
  if (k == 1) return(1 - 2 * pt(-c, df))
  p <- function(s) sapply(s, function(x) pmvnorm(rep(-c * x, k), rep(c * x, k), corr = R, algorithm = Miwa(steps = 512))[1])
  f <- function(s) p(s) * 2 * s * df * dchisq(df * s^2, df)
  q <- sqrt(qchisq(c(1e-14, .2, .5, .8, 1 - 1e-14), df) / df)
  sum(sapply(1:4, function(i) integrate(f, q[i], q[i + 1], rel.tol = 1e-9, abs.tol = 1e-11)$value)) }
family <- function(m, L, names, adjust = TRUE) {
  est <- drop(L %*% coef(m)); V <- L %*% vcov(m) %*% t(L); se <- sqrt(diag(V)); df <- df.residual(m); t <- est / se; R <- cov2cor(V)
  d <- data.frame(contrast = names, estimate = est, se = se, df = df, t = t, p_raw = 2 * pt(-abs(t), df), raw_low = est - qt(.975, df) * se, raw_high = est + qt(.975, df) * se, row.names = NULL)
  if (adjust) {
    d$p_dunnett <- sapply(abs(t), function(x) 1 - inside(x, R, df))
    crit <- if (nrow(R) == 1) qt(.975, df) else uniroot(function(c) inside(c, R, df) - .95, c(qt(.975, df), qt(1 - .025 / nrow(R), df) + .01), tol = 1e-9)$root
    d$crit <- crit; d$low <- est - crit * se; d$high <- est + crit * se }
  d }
pick <- function(m, ...) { w <- c(...); L <- setNames(numeric(length(coef(m))), names(coef(m))); L[names(w)] <- w; t(L) }
one <- function(m, label, ...) { d <- family(m, pick(m, ...), label, adjust = FALSE); q <- qt(.95, d$df); c(as.list(d), list(low90 = d$estimate - q * d$se, high90 = d$estimate + q * d$se)) }
tost <- function(x, margin) with(x, max(pt((estimate + log(margin)) / se, df, lower.tail = FALSE), pt((estimate - log(margin)) / se, df)))
paired <- function(cells, arms, control) { r <- lapply(arms, function(a) { x <- merge(cells[cells$arm == control, c("block", "donor", "y")], cells[cells$arm == a, c("block", "donor", "y")], by = c("block", "donor"))
    t <- t.test(x$y.y, x$y.x, paired = TRUE); data.frame(contrast = a, n = nrow(x), mean = unname(t$estimate), p = t$p.value) })
  r <- do.call(rbind, r); r$p_holm <- p.adjust(r$p, "holm"); r }
pool <- function(d, control) { a <- aggregate(cbind(count, area_mm2) ~ block + donor + treatment, d, sum); names(a)[3] <- "arm"
  a$arm <- relevel(factor(a$arm), control); a$y <- log((a$count + .5) / a$area_mm2); a }
against <- function(m, arms) { L <- do.call(rbind, lapply(paste0("arm", arms), function(a) pick(m, setNames(1, a)))); family(m, L, arms) }
answer <- function(name, ...) write_json(list(...), paste0(name, ".json"), auto_unbox = TRUE, digits = NA, pretty = TRUE)

# ---- unbalanced: missing cells, 1 to 5 wells, different areas, two plates for two of five donors ---------------------
set.seed(3201)
g <- cross(paste0("D", 1:5), ARMS)
g <- g[!paste(g$donor, g$treatment) %in% c("D2 EV_KO", "D4 rhIL32_100", "D5 EV_WT"), ]
g <- repeated(g, sample(1:5, nrow(g), TRUE)); g$area_mm2 <- round(runif(nrow(g), 18, 34), 2)
half <- ave(seq_len(nrow(g)), g$donor, g$treatment, FUN = function(i) seq_along(i) %% 2)
g$plate <- paste0("P", g$donor, ifelse(g$donor %in% c("D1", "D3") & half == 0, "b", ""))
g$day <- ifelse(grepl("b", g$plate), 14, 7)
g$dose <- c(control = 0, rhIL32_20 = 20, rhIL32_100 = 100)[g$treatment]
g$count <- wells(g, 35, c(control = 1, rhIL32_20 = 1.3, rhIL32_100 = 1.9, EV_WT = 2.2, EV_KO = 1.1))
d <- save(place(g), "unbalanced"); d$block <- d$donor
cells <- pool(d, "control"); m <- lm(y ~ donor + arm, cells); eq <- one(m, "EV_KO", armEV_KO = 1)
answer("unbalanced", dunnett = against(m, ARMS[-1]), paired = paired(cells, ARMS[-1], "control"),
  il32_dependence = one(m, "EV_WT / EV_KO", armEV_WT = 1, armEV_KO = -1), trend = one(m, "-1, 0, 1", armrhIL32_100 = 1),
  tost = list(margin_1.25 = tost(eq, 1.25), margin_2 = tost(eq, 2), low90 = eq$low90, high90 = eq$high90))

# ---- separate_controls: EV wild type on one plate, knock-out on another, each beside its own control ----------------
set.seed(3202)
a <- cross(paste0("D", 1:5), c("control", "EV_WT")); b <- cross(paste0("D", 1:5), c("control", "EV_KO"))
a$plate <- paste0(a$donor, "_wt"); b$plate <- paste0(b$donor, "_ko"); g <- rbind(a, b)
g <- repeated(g, sample(2:4, nrow(g), TRUE)); g$area_mm2 <- sample(c(24, 32), nrow(g), TRUE)
g$count <- wells(g, 30, c(control = 1, EV_WT = 2.2, EV_KO = 1.3)); g$count <- round(g$count * ifelse(grepl("_ko", g$plate), .6, 1))
d <- save(place(g), "separate_controls"); d$block <- paste(d$donor, d$plate)
cells <- pool(d, "control"); m <- lm(y ~ block + arm, cells)
own <- function(arm) { x <- merge(cells[cells$arm == "control", c("block", "y")], cells[cells$arm == arm, c("block", "donor", "y")], by = "block"); setNames(x$y.y - x$y.x, x$donor) }
w <- own("EV_WT"); four <- w - own("EV_KO")[names(w)]
answer("separate_controls", dunnett = against(m, c("EV_WT", "EV_KO")), paired = paired(cells, c("EV_WT", "EV_KO"), "control"),
  il32_dependence = one(m, "four cells", armEV_WT = 1, armEV_KO = -1), four_cells = list(mean = mean(four), p = t.test(four)$p.value))

# ---- four_cells: two vehicles on one plate, the contrast (EV_WT/control_WT)/(EV_KO/control_KO) declared -------------
set.seed(3203)
arms <- c("control_WT", "control_KO", "EV_WT", "EV_KO")
g <- repeated(cross(paste0("D", 1:4), arms), 3); g$area_mm2 <- 32; g$plate <- paste0("P", g$donor)
g$count <- wells(g, 40, c(control_WT = 1, control_KO = .7, EV_WT = 2, EV_KO = 1))
d <- save(place(g[-c(2, 9), ]), "four_cells"); d$block <- d$donor
cells <- pool(d, "control_WT"); m <- lm(y ~ donor + arm, cells)
answer("four_cells", il32_dependence = one(m, "(EV_WT/control_WT)/(EV_KO/control_KO)", armEV_WT = 1, armEV_KO = -1, armcontrol_KO = 1),
  dunnett = against(m, arms[-1]))

# ---- doses: eight doses with a plateau, unequal wells, one cell missing; the EC50 with its exact profile ------------
set.seed(3204)
doses <- c(0, 1, 3, 10, 30, 100, 300, 1000); g <- expand.grid(dose = doses, donor = paste0("D", 1:4), stringsAsFactors = FALSE)
g <- g[!(g$donor == "D3" & g$dose == 30), ]; g <- repeated(g, sample(2:4, nrow(g), TRUE))
g$treatment <- ifelse(g$dose == 0, "vehicle", "rhIL32"); g$area_mm2 <- 32; g$plate <- paste0("P", g$donor)
up <- 1 + 3.2 * g$dose^1.3 / (22^1.3 + g$dose^1.3); g$area_mm2 <- 32 * up # wells() multiplies by the area: it carries the dose
g$count <- wells(g, 60, c(vehicle = 1, rhIL32 = 1), .08, 25); g$area_mm2 <- ifelse(g$donor == "D2", 24, 32); g$dose_unit <- ifelse(g$dose == 0, "", "ng/mL")
d <- save(place(g), "doses"); d$block <- d$donor; d$treatment <- paste0("d", d$dose)
cells <- pool(d, "d0"); cells$dose <- as.numeric(sub("d", "", cells$arm)); cells$donor <- factor(cells$donor)
names_ <- paste0("d", doses); scores <- seq_along(doses) - mean(seq_along(doses))
m <- lm(y ~ donor + arm, cells); tr <- one(m, "rank", setNames(scores[-1], paste0("arm", names_[-1]))); steps <- sum(scores^2)
curve <- function(x, dn, b1, b2, b3, b4, lf, le, lh) c(b1, b2, b3, b4)[as.integer(dn)] + log1p(expm1(lf) * ifelse(x > 0, 1 / (1 + exp(-exp(lh) * (log(pmax(x, 1e-300)) - le))), 0))
b0 <- tapply(cells$y[cells$dose == 0], cells$donor[cells$dose == 0], mean); ctl <- nls.control(maxiter = 500, tol = 1e-8, minFactor = 1e-14, nDcentral = TRUE)
j <- nls(y ~ curve(dose, donor, b1, b2, b3, b4, lf, le, lh), cells, start = list(b1 = b0[[1]], b2 = b0[[2]], b3 = b0[[3]], b4 = b0[[4]], lf = log(4), le = log(20), lh = .2), control = ctl)
s <- summary(j)$coefficients; df <- df.residual(j); best <- as.list(coef(j))
excess <- function(le) { fixed <- le; k <- nls(y ~ curve(dose, donor, b1, b2, b3, b4, lf, fixed, lh), cells, start = best[names(best) != "le"], control = ctl); deviance(k) - deviance(j) * (1 + qt(.975, df)^2 / df) }
prof <- sapply(c(-1, 1), function(side) uniroot(excess, sort(best$le + side * c(1e-6, 4 * s["le", 2])), tol = 1e-11)$root)
answer("doses", ec50 = list(estimate = exp(best$le), log_se = s["le", 2], df = df, low = exp(prof[1]), high = exp(prof[2]), fold = exp(best$lf), hill = exp(best$lh), rss = deviance(j), nls_profile = exp(suppressMessages(confint(j, "le")))),
  trend = list(per_step = tr$estimate / steps, per_step_se = tr$se / steps, t = tr$t, p = tr$p_raw, df = tr$df))

# ---- other_donors: every arm has donors of its own -----------------------------------------------------------------
set.seed(3205)
g <- data.frame(donor = paste0("D", 1:15), treatment = rep(ARMS[-2], c(5, 3, 4, 3)))
g <- repeated(g, 3); g$area_mm2 <- 32; g$plate <- paste0("P", g$donor)
g$count <- wells(g, 30, c(control = 1, rhIL32_100 = 1.9, EV_WT = 2.6, EV_KO = 1.2))
d <- save(place(g), "other_donors"); d$block <- d$donor
cells <- pool(d, "control"); m <- lm(y ~ arm, cells)
answer("other_donors", dunnett = against(m, ARMS[3:5]), il32_dependence = one(m, "EV_WT / EV_KO", armEV_WT = 1, armEV_KO = -1))

# ---- oxygen: two levels, each with its own control, one cell missing ------------------------------------------------
set.seed(3206)
g <- rbind(cbind(cross(paste0("D", 1:4), c("vehicle", "A", "B")), oxygen = 2), cbind(cross(paste0("D", 1:4), c("vehicle", "A", "B")), oxygen = 21))
g <- g[!(g$donor == "D2" & g$treatment == "A" & g$oxygen == 21), ]; g <- repeated(g, 3); g$area_mm2 <- 32; g$plate <- paste0(g$donor, "_", g$oxygen)
g$count <- wells(g, 40, c(vehicle = 1, A = 2, B = 1.2)); g$count <- round(g$count * ifelse(g$oxygen == 2 & g$treatment == "A", 1.8, 1))
d <- save(place(g), "oxygen"); d$block <- d$plate; d$treatment <- paste0(d$treatment, d$oxygen) # a plate is a donor at one oxygen level
cells <- pool(d, "vehicle2"); m <- lm(y ~ block + arm, cells); m$keep <- names(na.omit(coef(m))) # vehicle21 is the block's: A21 is A21 - vehicle21
m <- lm(model.matrix(m)[, m$keep] |> (\(X) as.formula("cells$y ~ X - 1", list2env(list(X = X, cells = cells))))()); names(m$coefficients) <- sub("^X", "", names(coef(m)))
L <- rbind(pick(m, armA2 = 1), pick(m, armB2 = 1), pick(m, armA21 = 1), pick(m, armB21 = 1))
both <- lapply(c("A", "B"), function(a) one(m, a, setNames(c(1, -1), paste0("arm", a, c(21, 2)))))
p <- p.adjust(sapply(both, `[[`, "p_raw"), "holm"); for (i in 1:2) both[[i]]$p_holm <- p[i]
answer("oxygen", dunnett = family(m, L, c("A, 2 % O2", "B, 2 % O2", "A, 21 % O2", "B, 21 % O2")), interaction = both)

# ---- endpoints: every link ------------------------------------------------------------------------------------------
set.seed(3207)
arms <- c("vehicle", "EV_WT", "EV_KO"); g <- repeated(cross(paste0("D", 1:4), arms), sample(2:4, 12, TRUE))
g$area_mm2 <- round(runif(nrow(g), 28, 34), 1); g$plate <- paste0("P", g$donor); f <- c(vehicle = 1, EV_WT = 2, EV_KO = 1.2)
g$n_osteoclasts <- wells(g, 30, f); g$n_osteoclasts_ge2 <- g$n_osteoclasts + rpois(nrow(g), 15); g$n_osteoclasts_ge4 <- rbinom(nrow(g), g$n_osteoclasts, .6)
g$n_nuclei <- g$n_osteoclasts * 6 + rpois(nrow(g), 120); g$fusion_index <- round(g$n_osteoclasts * 5 / g$n_nuclei, 4)
g$nuclei_per_osteoclast_mean <- round(rnorm(nrow(g), 5, .4) * f[g$treatment]^.3, 3); g$osteoclast_area_mean_um2 <- round(rlnorm(nrow(g), 8, .2) * f[g$treatment]^.4, 1)
g$osteoclast_area_fraction <- round(g$n_osteoclasts * g$osteoclast_area_mean_um2 / (g$area_mm2 * 1e6), 6)
g$trap_405 <- round(rnorm(nrow(g), .05, .1) + .2 * (f[g$treatment] - 1), 3); g$viability <- round(rlnorm(nrow(g), 0, .1), 3)
names(g)[names(g) == "area_mm2"] <- "imaged_area_mm2"; d <- save(place(g), "endpoints")
sums <- function(num, den) { a <- aggregate(cbind(n = num, d = den) ~ donor + treatment, d, sum); names(a)[2] <- "arm"; a$arm <- relevel(factor(a$arm), "vehicle"); a$donor <- factor(a$donor); a }
logit <- function(a) { a$y <- qlogis(a$n / a$d); a }; lg <- function(a) { a$y <- log(a$n / a$d); a }; rate <- function(a) { a$y <- log((a$n + .5) / a$d); a }; id <- function(a) { a$y <- a$n / a$d; a }
ones <- rep(1, nrow(d)); A <- d$imaged_area_mm2
ends <- list(osteoclast_count = rate(sums(d$n_osteoclasts, A)), osteoclast_count_ge2 = rate(sums(d$n_osteoclasts_ge2, A)), osteoclast_count_ge4 = rate(sums(d$n_osteoclasts_ge4, A)),
  osteoclast_area_fraction = logit(sums(d$osteoclast_area_fraction * A, A)), fusion_index = logit(sums(d$fusion_index * d$n_nuclei, d$n_nuclei)),
  nuclei_per_osteoclast = lg(sums(d$nuclei_per_osteoclast_mean * d$n_osteoclasts, d$n_osteoclasts)), osteoclast_area = lg(sums(d$osteoclast_area_mean_um2 * d$n_osteoclasts, d$n_osteoclasts)),
  trap_405 = id(sums(d$trap_405, ones)), viability = lg(sums(d$viability, ones)))
found <- lapply(ends, function(a) { m <- lm(y ~ donor + arm, a); a$block <- a$donor; list(dunnett = against(m, c("EV_KO", "EV_WT")), paired = paired(a, c("EV_KO", "EV_WT"), "vehicle")) })
holm <- sapply(1:2, function(i) p.adjust(sapply(found[-1], function(x) x$dunnett$p_dunnett[i]), "holm")); colnames(holm) <- c("EV_KO", "EV_WT")
answer("endpoints", endpoints = found, across = as.list(as.data.frame(holm)), across_order = names(ends)[-1])

# ---- readers: two persons and the automatic count; psych and epiR ---------------------------------------------------
set.seed(3208)
truth <- rnbinom(24, mu = 40, size = 3); r <- data.frame(well = paste0(rep(LETTERS[1:4], each = 6), 1:6), automatic = rpois(24, truth * .97 + 1), Ann = rpois(24, truth), Bo = rpois(24, truth * 1.1))
write.csv(r, "readers.csv", row.names = FALSE, quote = FALSE)
agreement <- function(a, b) { x <- cbind(a, b); i <- suppressMessages(suppressWarnings(ICC(x, lmer = FALSE)))$results; c2 <- i[i$type == "ICC2", ]; k <- epi.ccc(a, b, ci = "z-transform"); e <- b - a; n <- length(e); t <- t.test(e)
  half <- qt(.975, n - 1) * sd(e) * sqrt(1 / n + 1.96^2 / (2 * (n - 1))); lim <- mean(e) + c(-1, 1) * 1.96 * sd(e)
  list(icc = c2$ICC, icc_low = c2[["lower bound"]], icc_high = c2[["upper bound"]], ccc = k$rho.c$est, ccc_low = k$rho.c$lower, ccc_high = k$rho.c$upper, bias = mean(e), bias_low = t$conf.int[1], bias_high = t$conf.int[2],
    limits = lim, limit_low_ci = lim[1] + c(-1, 1) * half, limit_high_ci = lim[2] + c(-1, 1) * half) }
answer("readers", `automatic against Ann` = agreement(r$Ann, r$automatic), `automatic against Bo` = agreement(r$Bo, r$automatic), `Bo against Ann` = agreement(r$Ann, r$Bo))
