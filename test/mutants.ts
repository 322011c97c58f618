/** How many damaged inputs a test tries: few each time, ten thousand by `npm run fuzz`. */
export const mutantCount = (usual: number): number =>
  Number(process.env.WEIGHTROOM_MUTANTS ?? usual);
