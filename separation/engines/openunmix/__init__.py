"""Open-Unmix: Stöter, Uhlich, Liutkus and Mitsufuji, Journal of Open Source Software (2019).

``settings`` says what makes a model, ``network`` builds it, ``slot`` is the signal chain around it with the filter of
``wiener``. The original is the package `openunmix` (https://github.com/sigsep/open-unmix-pytorch), version 1.3.
"""
