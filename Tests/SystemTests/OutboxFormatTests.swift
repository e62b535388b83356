import DevQueue
internal import Foundation
import Testing

/// An outbox that an earlier version has written is opened with all that is in it.
@Suite struct OutboxFormatTests {
    /// A file of format 2, written by the version that last had it: two pending jobs of the route `open`, a dead letter
    /// by a rule whose kind its payload did not fit, and one for which no rule matched. Compressed with gzip.
    private static let format2 = """
        H4sIAAAAAAACA+3bX4wbRx3A8V3ffzdXgkh0BCidOpyaS325XP40F6etc02vuWsul+Tiyx9Vwtrzzp23sXcd7zqXaxTatDSlSXnoCw+VkGj6hNoHeAgC
        ISHeKkQlVFQhJP6UJyRAoKoEaFVVMLNe++yLnYYKJVL5fhL7vLM7s+OZ3/zZBx89Mu0EUix45aIViO3GXiMWM/YKYRhGp3rdaazoj9KMKN1Ur5j+e3R6
        bp/RWqexJWf23/+AsWb4cePBpQd+mvp1auPYubF7hx/f+eed57eVRn40Ig0AAAAAAAAAAAAAAAAAAAAAuL2+3tPTMzA4aD5/JLDmC9KWlp0tyCCQZb/x
        c9++2YnxzITIjD88PSEaz4hNcaE4tpiayUzsn5gVh2enDo7PnhQHJk6K8bnMoakZlfngxEwmGV5py4JzRpaX69fPHMqImbnp6ei0I+2sFbQ5W5aW77ki
        M3EiszqfDCyn0OrM/HIg/TblBcslGeZJihaGh8NLU8IJRN4r2L6wVA1OV6QfCMu1heuJJ7z5sCCVWIlKCo8rrqOSsqfk8vWJS3mn0HitVwocz/XFw9OH
        Hq6mlKzlgmfZDSm12+qUlhW1fHVNTqqmtZNiyQnyXiUQubLqUTdwrIIfTwpZkEV1VGuKpChXVD2io6HZNd0Dg3eZpx3Xlmej2/lZ9f1qn++MYmBq5pGJ
        E6LxCnFopn4sNqmEZLXRh57bcUfPwF13mZf2hNFVu6b2t78pqlZKaB0nDXGV1N84yEux4JRVo5S9JeG4tRyO6u0gr0JIX1AvJW/5YbEFyw+yJavcIsKq
        Dalz6YuE58o9+mhZLHiFgrqFSlDd7qmkcliUbmX99f12RY2mhB9Yy354pcq6HOQdd1F4C01VS4qtqeoVelyJ2riq9aFVjzHd0q3uVI+BetX1lWETqMCt
        1mDBK4f3sRpvIryySlCNcUraYR5XShXkThDeLmzbbLubRrcLv/71rZ2zijL8BrWK++1rroNXDSaV3ykLt1Kcj5q3zbhdyVWQ7qJqNdWcUehcP1Jquf6r
        kTJ0MR4Pw/byYhi2pbK3WJa+X/u7pilsa6liU/OA1NGiAnOPWCo7qrFdsZRXb75XlFEU6DjSTeeq2F3UNc5bpZJ0/RvNp/smJ/YdEJvU2QfF6FCyoZ9U
        TlsX26avZNgtujPnpY5lx691lm6FKARUOOjoWBknC47r+Hlptyu1OgEKa947I1WRYUZXng2yHzfJ10dqtiyLKrPdbr73Kq6dnZcqfGXrUFC1UJOsr6Og
        YfxXv6SlMlmFgp4bfCndhhLVoGgzA1T7To9Qz5fVcpJhbKv+VIMyTNWz+rxcdNxoZBd09+ueDO+Q19HcfpzWx44q6P4dYt5RM56uaFRJdTPPixqpYZVt
        1471S7I3Wuai/r3RyTb540On+noGdg2aF3rChaGxUvVebky8o2mVaHm5Xi6atxC1M0OHe7sH7rvPPBmOO/90wQlk1tcD2s2tPow3jcJVJze5agJKqqMh
        wzD/Em5wPscG59O9wRma7VbBs8H0wkCNorrWGdXD3qbgXHWJDstooKwE5LODXT0DGzaYFwerS0F4vvre07wMRDmvW6mbti21L6MHvYooNeb12pgUC2Wv
        qCYXJ5fXXbGkvmt1VlRLhLyZoGobT36gZs4bxFv7qKpHzqr0lUBYdeKTRsSqYnJ5mTvlV4ptZ6uVyGmYpS5s6+wZuPtu85nt0TCP1rb6h+5VAzxKvukO
        q/WU6pqCp9ZZK9r2qIX0lCwFN+6FJ50nT2dVfze1WnzoWdnRM7B+vfn8cFhpfQP96mqqarh5utEcdFOzTsnzHd3kbRfR6iSiFj69YIb3jFZdtVvx9eJ3
        U+F0G4KmYYp47KgawkWpd5C6+r5jy2qN9FwWVuFjIiwq58SJSbUyR21R62VfzTPtI3D1NlyetXJBtVFVcO6Ihf38zIHquqaWef3qbF7BVErUz7o1wtJv
        vpcb7+3KJT2ThluTsPdUeXvCyVM9/IWbpWi/0bBh8tzCcnxIHJ/KTB6ay4jZQ8enHnmu2+wZuOce84XjjWNKXb3yqaPVqNLl3XzAXjcu6ju/oGXE1BaB
        lkEYLhS605yi9FOi6BQKji9znquWNt9RGwMxunvX1rActUQ4at/euphaU+qecMKnp0Uv3MSrRLVFq7jhli98NAtjI1A3Wpmsw71z26c1PZvYOrr0IlB7
        XAsfztzaMFuUrixb7carKiCvH0cXqhWqdrDadtoq5lWKlcupCUna0QCujttKSY0J1YX+ytP/6v3oSnBFkSOFrx/jdOF6AEWPvmLes5ebwrTl1iKspeVX
        H8/CvtRlVEe2zpmMdh5qi6GOqvsYVXA2zLNqctc/4jc+4RsAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAPjf6FevzodeNdLfTc8+9KH6AAAAAAAAAAAAAAAA
        AAAAAAAAAAAAAABAa8c67zDG13d1mb1GMrl19ODY5OTubbP7jx/YN7b/yM6TJ8d2ZLbv2HnCK0nXvLJx3eW15pX993xmbeyJyYtXTjhT2S9/Jfv2kXvN
        fw5e/dYrLz21q2vdy9954O1jf3h1rqNabm9TubtXlXu8Xm5fWG7f53+cP/vtl98Y7d48u+Xfb/3s78eeTlpvPf3INx6bfm/+hZ9fPTYXa1HskROrij1W
        K/bSR7rYOz96v+P9rx8fP5l/NHv1d88lfvO1tPnhi2ffOPavP54ae63w1aeKc2a12L6mYg+uKjZTL/ZaWOw1u/LitS8e+Mmvuj/4ZuLCxamTb74zc369
        +P4vf//OszsXr745HNctvJcgAwAAAAAAAAAAAAAAAAAAAAAAAAAAAADgdupXr1jaN9LfU28AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAPz/2BNbY5ixroEN
        Gzas6f5Cp7nDvLJx3eW1XtmW5fDN90rSTdnyrOMH/tl3t0z+6fRvvXMJN5Hadn7GXGP09XatH9CZH9M5L11zvUDqVzWfVc33A+u9D37YOfSLcwnHTqQS
        ViKZkGekG6jP+lp1qMobPa9//2/spVMAAAAAAAAAAAAAAAAAAAAAAAAAAAAAALid+P0/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAC3X1y/7aUdAAAAAAAA
        AAAAAAAAAAAAAAAAAAAAAAC4nfrVK5a2jfRr6g0AAAAAAAAAAAAAAAAAAAAAAAAAAAAAgE+xidhaw+wanojVUzrMKxvXXe5zvWzRCnJ5x13MlisF6XpC
        /xHeggjyUpS9SiBFeIX0zS8dNcNirJViYrqYSx+VrOWCZ9nZouOHF0fHW1xRrPiBmJfCcoXjBnJRlpPC9QJhCT8oq7uam/Xv/8303wz1HwAAAAAAAAAA
        AAAAAAAAAAAAAAAAAAAA3BJrzY5B05aWnS3IIJBlPxZXqbH0P4z0h+oNAAAAAAAAAAAAAAAAAAAAAAAAAAAAAADcOl0dptkR6+ww+2L96tBM/9VQ/wEA
        AAAAAAAAAAAAAAAAAAAAAAAAAAAAwK3wWbPf6Os1e/vUW6y3tzMWe1T//j/20EtGep96AwAAAAAAAAAAAAAAAAAAAAAAAAAAAACg5sJIR9wwe3vN3tgz
        Mx0x45XDh45mxIhXkq6YzGQOj4xuGe2PT3p+kBKj23Zt2ar+jaa2796xSyXP+bI8PL4oXXUyVykXRnZtGRvT14/ncrKkEjePbO6P5zw3UJcMB8slmRJW
        qVRwclbgeO7IE77n9sf3ReenpbsY5FNi287+eH/8XMKxE6lELpFMyDPqtPrseq5MnL+QitVrbMdixuu3v8bb72+o8XxDjb2yLcvq2NWfdeXjqslj6XeN
        9Lvp9wk+AAAAAAAAAAAAAAAAAAAAAAAAAAAAAABujZ7O3phpvNJR/ft67D8hifeNAIADAA==
        """

    private static func routes(number: String) -> [String: String] {
        [
            "open.yaml": """
            kinds:
              order: { payload: { n: \(number) }, queue: orders }
            routes:
              - name: open
                path: /open
                verify: none
                unique_key: "${body.id}"
                jobs:
                  - when: { event: order }
                    kind: order
                    payload: { n: "${body.n}" }
                  - when: { event: note }
                    type: note
                    queue: notes
                event: "${body.event}"
                otherwise: dead_letter
            """
        ]
    }

    @Test(
        "an outbox of format 2 keeps its jobs and its dead letters, whose rules are not known, so that they are only sent on request"
    )
    func format2() async throws {
        let folder = try TemporaryFolder()
        try GatewayUnderTest.writeCertificate(to: folder)
        let file = try #require(Data(base64Encoded: Self.format2, options: .ignoreUnknownCharacters))
        try folder.write(Array(file), to: "outbox.db.gz")
        let gzip = try ChildProcess(
            "gzip", ["-d", "outbox.db.gz"], environment: ["PATH": "/usr/bin:/bin"], folder: folder.path)
        #expect(try await gzip.ending() == .exited(0))
        let queue = try await TestQueue.start()
        let setup = GatewaySetup(routes: Self.routes(number: "string"), queue: queue.url, folder: folder)
        try await GatewayUnderTest.run(setup) { gateway in
            #expect(try await queue.arrivals(2) == [1, 2])
            let list = try await gateway.command("dead", "list")
            #expect(list.output.contains("payload_mismatch") && list.output.contains("no_matching_rule"), "\(list)")
            let shown = try await gateway.command("dead", "show", "1")
            #expect(shown.output.contains("\nrule       not recorded by the version that stored it\n"), "\(shown)")
            let retried = try await gateway.command("dead", "retry", "--all")
            #expect(
                retried.output == """
                    dead letter 1: the version that stored it did not record its rule; it would become a job of type order in queue orders; \
                    use --changed to send it anyway
                    dead letter 2: no_matching_rule: no rule of the route matches\n
                    """)
            #expect(retried.ending == .exited(1))
            #expect(try await gateway.command("dead", "retry", "1", "--changed").output == "dead letter 1: now job 3\n")
            try await queue.arrivals(3)
            #expect(try await gateway.stop() == .exited(0))
        }
        #expect(queue.store.jobs.map(\.type) == ["note", "order", "order"])
        await queue.stop()
    }
}
