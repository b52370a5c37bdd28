import { openStore } from "@medssl/datasets";
import { parseRecipe, pretrainSchema } from "@medssl/contract";
import { manualSeed, scope, setNumThreads, call, type Tensor } from "@medssl/torch";
import { ImageSet, measureStatistics } from "./src/data/image-set.ts";
import { cutViews } from "./src/data/views.ts";
import { Sampler } from "./src/data/sampler.ts";
import { namedParameters } from "./src/nn/module.ts";
import { PretrainingModel, pretrainingLoss } from "./src/objectives/pretraining.ts";
import { AdamW, clipGradientNorm } from "./src/optim/adamw.ts";
import { decayGroups } from "./src/optim/parameter-groups.ts";
import { learningRateAt } from "./src/optim/schedule.ts";
setNumThreads(1);
const recipe = parseRecipe(pretrainSchema, {method:"mim+acl"});
const sel = ["/tmp/stores/ms","/tmp/stores/cxr"].map(d=>{const store=openStore(d);return {store,cases:store.cases}});
const set=new ImageSet(sel); const statistics=measureStatistics(set); console.log(set.count,statistics);
manualSeed(0);
const model=new PretrainingModel(recipe); const params=namedParameters(model);
const opt=new AdamW(decayGroups(params,.05),{betas:[.9,.95]});
const sampler=new Sampler(set.count,0);
const steps=Number(process.env.N??100);
for(let s=0;s<steps;s++) scope(()=>{
 const v=cutViews(set,sampler.next(64),{inputSize:128,viewsPerImage:2,augmentation:recipe.augmentation,statistics,device:"cpu"});
 const {loss,parts}=pretrainingLoss(model,v,recipe,s); loss.backward();
 clipGradientNorm(params.map(([,p])=>p),1);
 opt.step(learningRateAt(s,{peak:1e-3,totalSteps:700,warmupSteps:35}));
 if(s%10===9){
  const toks=model.autoencoder.encoder.forwardTokens(v.images.slice(0,0,64));
  const e=model.projectionHead!.forward(toks).flatten(0,1).detach(); const z=e.div(e.norm(1,true));
  const ranks=(m:Tensor)=>{const ev=(call("aten::linalg_eigvalsh",[m]) as Tensor).clamp(1e-12); const H=(p:Tensor)=>Math.exp(-p.mul(p.log()).sum().item()); const l=ev.div(ev.sum()); const sv=ev.sqrt(); const q=sv.div(sv.sum()); return [1/l.square().sum().item(),H(l),H(q)].map(x=>x.toFixed(2)).join(" ");};
  const c=z.sub(z.mean(0,true));
  console.log(s+1,parts.mim!.item().toFixed(3),parts.acl!.item().toFixed(3),parts.aclTop1!.item().toFixed(3),"uncentred PR/expH(eig)/expH(sv):",ranks(z.transpose(0,1).matmul(z)),"centred:",ranks(c.transpose(0,1).matmul(c)));
 }
});
